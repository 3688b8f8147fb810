package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// An entry is a file of an archive.
type entry struct {
	name string // with slashes
	file string // where it is now
	mode fs.FileMode
}

func (e entry) perm() fs.FileMode {
	if e.mode != 0 {
		return e.mode
	}
	return 0o644
}

// writeArchive writes entries under a folder, in their order and with one time: nothing of this machine is in it.
func writeArchive(file, folder string, entries []entry, at time.Time) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	add, end := tarGz(out, at)
	if strings.HasSuffix(file, ".zip") {
		add, end = zipped(out, at)
	}
	for _, e := range entries {
		content, err := os.ReadFile(e.file)
		if err == nil {
			err = add(folder+"/"+e.name, e.perm(), content)
		}
		if err != nil {
			return err
		}
	}
	return end()
}

type adder func(name string, mode fs.FileMode, content []byte) error

func tarGz(out io.Writer, at time.Time) (adder, func() error) {
	z, _ := gzip.NewWriterLevel(out, gzip.BestCompression) // no error: the level is one that there is
	w := tar.NewWriter(z)
	add := func(name string, mode fs.FileMode, content []byte) error {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: int64(mode), Size: int64(len(content)), ModTime: at, Format: tar.FormatUSTAR})
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	return add, func() error {
		if err := w.Close(); err != nil {
			return err
		}
		return z.Close()
	}
}

func zipped(out io.Writer, at time.Time) (adder, func() error) {
	w := zip.NewWriter(out)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	add := func(name string, mode fs.FileMode, content []byte) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	}
	return add, w.Close
}
