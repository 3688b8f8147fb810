//go:build !linux

package node

import "context"

func watchWaking() func(context.Context, func()) { return nil }
