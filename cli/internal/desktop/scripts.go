package desktop

import "localchat/cli/internal/notify"

// The commands of macOS and Windows that show a notification. No text of a room is ever part of a script: it comes as an argument,
// or in a variable, and the script puts it where only text can be. A title begins with the name of the program, so that osascript
// takes neither it nor what follows for an option.

// osascriptArgs are the arguments of osascript on macOS.
func osascriptArgs(n notify.Note) []string {
	return []string{
		"-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run",
		string(n.Title), string(n.Body),
	}
}

// The variables in which PowerShell gets the text.
const titleVariable, bodyVariable = "LOCALCHAT_NOTE_TITLE", "LOCALCHAT_NOTE_BODY"

func powershellEnv(n notify.Note) []string {
	return []string{titleVariable + "=" + string(n.Title), bodyVariable + "=" + string(n.Body)}
}

// powershellArgs are the arguments of PowerShell on Windows. A toast needs the name of an installed program, and PowerShell is one.
var powershellArgs = []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-Command", `
$ErrorActionPreference = 'Stop'
[void][Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
[void][Windows.UI.Notifications.ToastNotification, Windows.UI.Notifications, ContentType = WindowsRuntime]
$xml = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$texts = $xml.GetElementsByTagName('text')
[void]$texts.Item(0).AppendChild($xml.CreateTextNode($env:` + titleVariable + `))
[void]$texts.Item(1).AppendChild($xml.CreateTextNode($env:` + bodyVariable + `))
$program = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($program).Show((New-Object Windows.UI.Notifications.ToastNotification $xml))
`}
