//go:build !linux

package clock

import "context"

func WatchWaking() func(context.Context, func()) { return nil }
