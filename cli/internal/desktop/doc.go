// Package desktop calls the person of a node that runs in the background, by the notifications of the desktop.
//
// On Linux and the BSDs it speaks to the service org.freedesktop.Notifications on the session bus. On macOS and Windows it runs a
// command of the system with a script that is always the same, and hands it the text beside the script.
package desktop
