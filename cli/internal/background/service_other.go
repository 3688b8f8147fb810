//go:build !windows

package background

import "context"

// Serve runs do. Here a service manager starts a program like any other, and ends it by a signal.
func Serve(ctx context.Context, do func(context.Context) error) error { return do(ctx) }
