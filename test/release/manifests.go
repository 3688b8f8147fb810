package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

var aVersion = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func checkVersion(v string) error {
	if !aVersion.MatchString(v) {
		return fmt.Errorf("%q is no version: give one as v1.2.3", v)
	}
	return nil
}

// A manifest is a file that tells a package manager where an archive is.
type manifest struct {
	file  string
	needs []string // the archives in it, as targets
	text  string
}

// manifests writes those files whose archives have been made.
func (r *release) manifests() error {
	known := func(t string) bool {
		return slices.ContainsFunc(r.targets, func(of target) bool { return of.String() == t })
	}
	for _, m := range allManifests {
		if !slices.ContainsFunc(m.needs, func(t string) bool { return !known(t) }) {
			text, err := r.fill(m)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(r.dir, m.file), []byte(text), 0o644); err != nil {
				return err
			}
			r.made = append(r.made, m.file)
		}
	}
	return nil
}

// fill puts the version, the addresses and the sums into a manifest.
func (r *release) fill(m manifest) (string, error) {
	archive := func(name string) string {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == name })
		return fmt.Sprintf("localchat_%s_%s%s", r.number(), targets[i].name(), targets[i].archive())
	}
	var failed error
	t, err := template.New(m.file).Funcs(template.FuncMap{
		"url": func(name string) string {
			return strings.TrimSuffix(r.url, "/") + "/" + r.version + "/" + archive(name)
		},
		"sum": func(name string) string {
			sum, err := r.sum(archive(name))
			if err != nil {
				failed = err
			}
			return sum
		},
		"folder": func(name string) string {
			return strings.TrimSuffix(strings.TrimSuffix(archive(name), ".zip"), ".tar.gz")
		},
		"upper": strings.ToUpper,
	}).Parse(m.text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, map[string]string{"Version": r.number(), "Site": r.url, "Summary": summary}); err != nil {
		return "", err
	}
	return b.String(), failed
}

var allManifests = []manifest{{
	file: "localchat.rb", needs: []string{"darwin/arm64", "darwin/amd64", "linux/arm64", "linux/amd64"},
	text: `class Localchat < Formula
  desc "{{.Summary}}"
  homepage "{{.Site}}"
  version "{{.Version}}"
  license "MIT"

  on_macos do
    on_arm do
      url "{{url "darwin/arm64"}}"
      sha256 "{{sum "darwin/arm64"}}"
    end
    on_intel do
      url "{{url "darwin/amd64"}}"
      sha256 "{{sum "darwin/amd64"}}"
    end
  end

  on_linux do
    on_arm do
      url "{{url "linux/arm64"}}"
      sha256 "{{sum "linux/arm64"}}"
    end
    on_intel do
      url "{{url "linux/amd64"}}"
      sha256 "{{sum "linux/amd64"}}"
    end
  end

  def install
    bin.install "localchat"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/localchat"
    zsh_completion.install "completions/_localchat"
    fish_completion.install "completions/localchat.fish"
    doc.install "LICENSES-OF-OTHERS.txt"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/localchat version")
  end
end
`,
}, {
	file: "localchat.localchat.yaml", needs: []string{"windows/amd64"},
	text: `PackageIdentifier: localchat.localchat
PackageVersion: {{.Version}}
DefaultLocale: en-US
ManifestType: version
ManifestVersion: 1.6.0
`,
}, {
	file: "localchat.localchat.installer.yaml", needs: []string{"windows/amd64"},
	text: `PackageIdentifier: localchat.localchat
PackageVersion: {{.Version}}
InstallerType: zip
NestedInstallerType: portable
NestedInstallerFiles:
- RelativeFilePath: {{folder "windows/amd64"}}\localchat.exe
  PortableCommandAlias: localchat
Installers:
- Architecture: x64
  InstallerUrl: {{url "windows/amd64"}}
  InstallerSha256: {{sum "windows/amd64" | upper}}
ManifestType: installer
ManifestVersion: 1.6.0
`,
}, {
	file: "localchat.localchat.locale.en-US.yaml", needs: []string{"windows/amd64"},
	text: `PackageIdentifier: localchat.localchat
PackageVersion: {{.Version}}
PackageLocale: en-US
Publisher: localchat maintainers
PackageName: localchat
License: MIT
ShortDescription: {{.Summary}}
ManifestType: defaultLocale
ManifestVersion: 1.6.0
`,
}}
