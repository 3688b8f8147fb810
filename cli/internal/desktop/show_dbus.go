//go:build unix && !darwin

package desktop

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"localchat/cli/internal/notify"
)

// The service that shows notifications, as freedesktop.org specifies it.
const (
	service     = "org.freedesktop.Notifications"
	servicePath = "/org/freedesktop/Notifications"
)

// Show shows a notification. It connects to the session bus each time: a node outlives the session of its user, and a few
// notifications a minute are not worth a connection that lasts.
func Show(ctx context.Context, n notify.Note) error {
	return withDesktop(ctx, func(to dbus.BusObject, can []string) error {
		body := string(n.Body)
		if slices.Contains(can, "body-markup") { // then a body is markup, with links and pictures
			body = withoutMarkup.Replace(body)
		}
		hints := map[string]dbus.Variant{"category": dbus.MakeVariant("im.received")}
		const replaces, usual = uint32(0), int32(-1) // no other one; as long as the desktop likes
		return to.CallWithContext(ctx, service+".Notify", 0, "localchat", replaces, "", string(n.Title), body, []string{}, hints, usual).Err
	})
}

// Check returns why no notification can be shown, or nil.
func Check(ctx context.Context) error {
	return withDesktop(ctx, func(dbus.BusObject, []string) error { return nil })
}

// withDesktop calls do with the service that shows notifications, and what that can do. It starts no bus where none is.
func withDesktop(ctx context.Context, do func(to dbus.BusObject, can []string) error) error {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("no session bus: %w", err)
	}
	defer conn.Close()
	err = conn.Auth(nil)
	if err == nil {
		err = conn.Hello()
	}
	if err != nil {
		return fmt.Errorf("no session bus: %w", err)
	}
	to := conn.Object(service, servicePath)
	var can []string
	if err := to.CallWithContext(ctx, service+".GetCapabilities", 0).Store(&can); err != nil {
		return fmt.Errorf("nothing shows notifications on the session bus: %w", err)
	}
	return do(to, can)
}

var withoutMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
