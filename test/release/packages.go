package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What people read of the program in a list of packages.
const (
	summary     = "Chat for the people on one local network"
	description = "Each laptop runs localchat, and the laptops find each other: no server, no account, no internet.\nWhoever creates a room owns it and decides who is in it."
	maintainer  = "localchat maintainers <maintainers@localchat.invalid>"
)

// These are parts of the configuration of nfpm. JSON is YAML.
type (
	nfpmConfig struct {
		Name        string        `json:"name"`
		Arch        string        `json:"arch"`
		Platform    string        `json:"platform"`
		Version     string        `json:"version"`
		Section     string        `json:"section"`
		Maintainer  string        `json:"maintainer"`
		Description string        `json:"description"`
		License     string        `json:"license"`
		MTime       time.Time     `json:"mtime"`
		Contents    []nfpmContent `json:"contents"`
		RPM         nfpmRPM       `json:"rpm"`
	}
	nfpmContent struct {
		Src      string   `json:"src"`
		Dst      string   `json:"dst"`
		FileInfo nfpmFile `json:"file_info"`
	}
	nfpmFile struct {
		Mode  int       `json:"mode"`
		MTime time.Time `json:"mtime"`
	}
	nfpmRPM struct {
		BuildHost string `json:"buildhost"`
		Summary   string `json:"summary"`
	}
)

// zshFolder is where zsh looks for what a package brings.
var zshFolder = map[string]string{"deb": "/usr/share/zsh/vendor-completions/", "rpm": "/usr/share/zsh/site-functions/"}

// pack makes a package and returns the name of its file. It has no scripts and needs no other package.
func (r *release) pack(t target, program, format string) (string, error) {
	arch := t.arch
	if arch == "arm" {
		arch = "arm7"
	}
	c := nfpmConfig{
		Name: "localchat", Arch: arch, Platform: "linux", Version: r.version, Section: "net", Maintainer: maintainer,
		Description: summary + "\n" + description, License: "MIT", MTime: r.time, RPM: nfpmRPM{BuildHost: "localchat", Summary: summary},
	}
	add := func(file, to string, mode int) {
		c.Contents = append(c.Contents, nfpmContent{Src: file, Dst: to, FileInfo: nfpmFile{Mode: mode, MTime: r.time}})
	}
	add(program, "/usr/bin/localchat", 0o755)
	for _, e := range r.extras {
		to := "/usr/share/doc/localchat/" + e.name
		switch {
		case strings.HasPrefix(e.name, "man/"):
			to = "/usr/share/man/man1/" + strings.TrimPrefix(e.name, "man/")
		case e.name == "completions/"+completions["bash"]:
			to = "/usr/share/bash-completion/completions/localchat"
		case e.name == "completions/"+completions["zsh"]:
			to = zshFolder[format] + completions["zsh"]
		case e.name == "completions/"+completions["fish"]:
			to = "/usr/share/fish/vendor_completions.d/" + completions["fish"]
		case e.name == "LICENSE" && format == "deb":
			to = "/usr/share/doc/localchat/copyright"
		}
		add(e.file, to, 0o644)
	}
	config, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	file := filepath.Join(r.work, t.name()+"."+format+".json")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return "", err
	}
	name := fmt.Sprintf("localchat_%s_%s.%s", r.number(), t.name(), format)
	cmd := exec.Command("go", "tool", "-modfile=tools.mod", "nfpm", "package", "-f", file, "-p", format, "-t", filepath.Join(r.dir, name))
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix()), "GOPROXY=off", "GOFLAGS=")
	_, err = output(cmd)
	return name, err
}
