//go:build !linux && !darwin && !freebsd

package onlink

import "context"

func watch(context.Context, func()) bool { return false }
