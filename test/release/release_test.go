package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestArchivesAreTheSame: an archive holds nothing of the time or place at which it is made.
func TestArchivesAreTheSame(t *testing.T) {
	for _, kind := range []string{".tar.gz", ".zip"} {
		var made [2][]byte
		for i := range made {
			dir := t.TempDir()
			file := write(t, filepath.Join(dir, "of", kind, "localchat"), "program")
			if err := os.Chtimes(file, time.Time{}, time.Unix(int64(1e9*(i+1)), 0)); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, "made"+kind)
			if err := writeArchive(out, "localchat_1", []entry{{name: "localchat", file: file, mode: 0o755}}, time.Unix(1.7e9, 0).UTC()); err != nil {
				t.Fatal(err)
			}
			made[i], _ = os.ReadFile(out)
		}
		if len(made[0]) == 0 || !bytes.Equal(made[0], made[1]) {
			t.Errorf("%s: two archives of the same files differ", kind)
		}
	}
}

// TestLicences: a module that may not be handed on is not.
func TestLicences(t *testing.T) {
	for name, want := range map[string]bool{"LICENSE": true, "license.md": true, "LICENCE.txt": true, "COPYING": true, "LICENSE-MIT": true, "NOTICE": true, "licenser.go": false, "README": false} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "you may\r\n")
		var b bytes.Buffer
		if err := appendLicences(&b, "example.org/m v1", dir); (err == nil) != want || want && !strings.Contains(b.String(), "example.org/m v1: "+name+"\n\nyou may\n") {
			t.Errorf("%s: %v, %q", name, err, b.String())
		}
	}
}

// TestClear: what somebody else has put into a directory is not removed.
func TestClear(t *testing.T) {
	dir := t.TempDir()
	mine := write(t, filepath.Join(dir, "thesis.txt"), "all of it")
	if err := clear(dir); err == nil {
		t.Error("a directory with other files is taken")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, sumsName), "")
	if err := clear(dir); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("of the last release there is still %v", left)
	}
}

func TestChosen(t *testing.T) {
	if all, err := chosen(""); err != nil || len(all) != 7 {
		t.Errorf("%v, %v", all, err)
	}
	if some, err := chosen("linux/arm,windows/amd64"); err != nil || len(some) != 2 || some[0].name() != "linux_armv7" || some[1].archive() != ".zip" {
		t.Errorf("%v, %v", some, err)
	}
	if _, err := chosen("plan9/amd64"); err == nil || !strings.Contains(err.Error(), "linux/arm64") {
		t.Errorf("%v", err)
	}
}

func TestVersions(t *testing.T) {
	for v, want := range map[string]bool{"v1.2.3": true, "v0.0.0-20261126130236-8180d1f28fc1": true, "v1.2.3+dirty": true, "1.2.3": false, "v1": false, "v1.2.3 -X main.x=y": false, "": false} {
		if err := checkVersion(v); (err == nil) != want {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// TestManifests: the formula and the manifest name each archive by its address and its sum; without the archives they are not made.
func TestManifests(t *testing.T) {
	r := release{dir: t.TempDir(), version: "v1.2.3", url: "https://example.org/dl/", targets: targets}
	for _, of := range targets {
		write(t, filepath.Join(r.dir, "localchat_1.2.3_"+of.name()+of.archive()), of.name())
	}
	if err := r.manifests(); err != nil {
		t.Fatal(err)
	}
	sum, err := r.sum("localchat_1.2.3_windows_amd64.zip")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]string{
		"localchat.rb": {`version "1.2.3"`, `url "https://example.org/dl/v1.2.3/localchat_1.2.3_darwin_arm64.tar.gz"`},
		"localchat.localchat.installer.yaml": {
			"InstallerUrl: https://example.org/dl/v1.2.3/localchat_1.2.3_windows_amd64.zip", "InstallerSha256: " + strings.ToUpper(sum),
			`RelativeFilePath: localchat_1.2.3_windows_amd64\localchat.exe`,
		},
		"localchat.localchat.yaml": {"PackageVersion: 1.2.3"}, "localchat.localchat.locale.en-US.yaml": {"License: MIT"},
	} {
		text, err := os.ReadFile(filepath.Join(r.dir, file))
		for _, w := range want {
			if err != nil || !strings.Contains(string(text), w) {
				t.Errorf("%s: %v, no %q in\n%s", file, err, w, text)
			}
		}
	}
	few := release{dir: t.TempDir(), version: "v1.2.3", targets: targets[:1]}
	if err := few.manifests(); err != nil || len(few.made) != 0 {
		t.Errorf("for one system: %v, %v", few.made, err)
	}
}
