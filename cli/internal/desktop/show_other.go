//go:build !unix && !windows

package desktop

import (
	"context"
	"errors"

	"localchat/cli/internal/notify"
)

// Show and Check: nothing is shown here.
func Show(context.Context, notify.Note) error { return errors.ErrUnsupported }

func Check(context.Context) error { return errors.ErrUnsupported }
