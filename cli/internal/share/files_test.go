package share

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// release makes a folder as test/release does: files with these names, of more than 1 MB each, and their sums.
func release(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	var sums strings.Builder
	for _, name := range names {
		content := []byte(strings.Repeat(name, 40_000))
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOwn: the running program has the sum of its bytes.
func TestOwn(t *testing.T) {
	f, err := Own()
	if err != nil {
		t.Fatal(err)
	}
	defer Close([]*File{f})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(raw); f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(raw)) || f.kind != program {
		t.Errorf("the program is %+v", f)
	}
}

// TestLinked: the page has a note about a program that needs the C library of its system, and none about another program.
func TestLinked(t *testing.T) {
	// program makes an ELF file whose only part is of this type.
	program := func(part elf.ProgType) string {
		var b bytes.Buffer
		ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
		for _, header := range []any{
			elf.Header64{Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1},
			elf.Prog64{Type: uint32(part), Off: 120},
		} {
			if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, b.Bytes(), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if !isLinked(program(elf.PT_INTERP)) || isLinked(program(elf.PT_LOAD)) || isLinked("files_test.go") {
		t.Error("isLinked is wrong about a program")
	}
	p := testPage()
	for _, linked := range []bool{false, true} {
		p.Files[0].Linked = linked
		page, text := both(t, p)
		for _, s := range []string{page, text} {
			if got := strings.Count(s, "built for a system like"); got != map[bool]int{true: 1}[linked] {
				t.Errorf("linked: %v, and %d notes are on the page:\n%s", linked, got, s)
			}
		}
	}
}

// TestFolder: Folder returns the files of a release, and no other file of the folder.
func TestFolder(t *testing.T) {
	want := []string{
		"localchat_0.1.0_linux_amd64.tar.gz", "localchat_0.1.0_linux_armv7.deb", "localchat_0.1.0-rc.1+dirty_darwin_arm64.tar.gz",
		"localchat_0.1.0_windows_amd64.zip", "localchat_0.1.0_freebsd_amd64.tar.gz", "localchat_0.1.0_linux_arm64.rpm",
	}
	dir := release(t, append(slices.Clone(want), "localchat.rb", "notes.txt", "localchat_0.1.0_plan9_amd64.tar.gz", "localchat_$(x)_linux_amd64.deb", "localchat_0.1.0_linux_amd64.tar.gz.sig")...)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "localchat_0.2.0_linux_amd64.deb")); err != nil {
		t.Logf("this system makes no link: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "localchat_0.3.0_linux_amd64.deb"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(files)
	var got []string
	for _, f := range files {
		got = append(got, f.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("handed out are %q", got)
	}
}

// TestFolderRefused: Folder returns nothing if one file, or the list of sums, is wrong.
func TestFolderRefused(t *testing.T) {
	const name = "localchat_0.1.0_linux_amd64.tar.gz"
	many := make([]string, maxFiles+1)
	for i := range many {
		many[i] = fmt.Sprintf("localchat_0.1.%d_linux_amd64.deb", i)
	}
	for what, c := range map[string]struct {
		names []string
		spoil func(dir string) error
		want  string
	}{
		"another sum":  {[]string{name}, func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644) }, "does not have the sum"},
		"no sum":       {[]string{name}, func(dir string) error { return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), nil, 0o644) }, "does not have the sum"},
		"no sums":      {[]string{name}, func(dir string) error { return os.Remove(filepath.Join(dir, "SHA256SUMS")) }, "SHA256SUMS"},
		"too large":    {[]string{name}, func(dir string) error { return os.Truncate(filepath.Join(dir, name), maxFile+1) }, "at most"},
		"too many":     {many, func(string) error { return nil }, "more than"},
		"no release":   {[]string{"notes.txt"}, func(string) error { return nil }, "no files of a release"},
		"not a folder": {nil, func(dir string) error { return os.RemoveAll(dir) }, ""},
		"files for two": {[]string{name, "localchat_0.1.0_linux_arm64.deb"}, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "localchat_0.1.0_linux_arm64.deb"), nil, 0o644)
		}, "does not have the sum"},
	} {
		dir := release(t, c.names...)
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		if files, err := Folder(dir); err == nil || !strings.Contains(err.Error(), c.want) || files != nil {
			t.Errorf("%s: %d files, %v", what, len(files), err)
		}
	}
}

// TestChangedFileIsNotServed: a file is served only as long as it has the content whose sum was computed.
func TestChangedFileIsNotServed(t *testing.T) {
	const name = "localchat_0.1.0_linux_amd64.tar.gz"
	dir := release(t, name)
	files, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(files)
	content, err := files[0].open()
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := io.ReadAll(content); err != nil || int64(len(raw)) != files[0].Size {
		t.Errorf("%d bytes of %d, %v", len(raw), files[0].Size, err)
	}
	// Change one byte in place, as a careless build could.
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{0}, 100)
	if err := os.Chtimes(filepath.Join(dir, name), files[0].changed, files[0].changed.Add(1)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, refused := files[0].open(); err != nil || refused == nil {
		t.Errorf("after a change (%v) it is served: %v", err, refused)
	}
}
