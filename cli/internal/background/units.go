package background

// A Unit runs a node under a service manager.
type Unit struct {
	// Manager is its name, File where the text goes, and Enter how the manager hears of it; without a File, Text is a command.
	Manager, File, Enter, Text string
}

// Units are the examples of the manual, for a program in /usr/local/bin.
var Units = []Unit{
	{
		Manager: "systemd", File: "~/.config/systemd/user/localchat.service",
		Enter: "systemctl --user enable --now localchat",
		Text: `[Unit]
Description=localchat
Documentation=man:localchat(1)

[Service]
Type=notify
ExecStart=/usr/local/bin/localchat up --foreground
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2 6

[Install]
WantedBy=default.target
`,
	},
	{
		Manager: "launchd", File: "~/Library/LaunchAgents/localchat.plist",
		Enter: "launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/localchat.plist",
		Text: `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>localchat</string>
	<key>ProgramArguments</key>
	<array>
		<string>/usr/local/bin/localchat</string>
		<string>up</string>
		<string>--foreground</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
</dict>
</plist>
`,
	},
	{
		Manager: "Windows", Enter: "Start-Service localchat",
		Text: `New-Service -Name localchat -StartupType Automatic -Credential (Get-Credential) -BinaryPathName '"C:\Program Files\localchat\localchat.exe" up --foreground'
`,
	},
}
