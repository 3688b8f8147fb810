package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigIsBounded: a configuration file of maxConfig bytes is read, and a longer one is refused.
func TestConfigIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	for size, want := range map[int]string{maxConfig: "", maxConfig + 1: "is longer than 65536 bytes"} {
		if err := os.WriteFile(path, bytes.Repeat([]byte("#"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		raw, err := openConfig(path)
		if want == "" && (err != nil || len(raw) != size) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d bytes: %d are read, %v", size, len(raw), err)
		}
	}
}

// TestHeadIsBounded: the keeper holds back the first maxCrash bytes of standard error.
func TestHeadIsBounded(t *testing.T) {
	words := &head{limit: maxCrash}
	for range 3 {
		if n, err := words.Write(make([]byte, maxCrash/2)); n != maxCrash/2 || err != nil {
			t.Fatalf("%d bytes are written, %v", n, err)
		}
	}
	if len(words.kept) != maxCrash {
		t.Errorf("%d bytes are kept, want %d", len(words.kept), maxCrash)
	}
}
