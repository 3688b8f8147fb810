package web

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed page
var page embed.FS

// types has the media types of the files of the page, by their extensions. No other file is served.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".png":  "image/png",
	".svg":  "image/svg+xml",
}

// A file of the page.
type file struct {
	kind string
	body []byte
}

// index is the file at the root.
const index = "/index.html"

// readFiles returns the files of the page by their paths in a URL.
func readFiles() (map[string]file, error) {
	files := make(map[string]file)
	err := fs.WalkDir(page, "page", func(name string, entry fs.DirEntry, err error) error {
		kind := types[path.Ext(name)]
		if err != nil || entry.IsDir() || kind == "" {
			return err
		}
		body, err := page.ReadFile(name)
		if at := name[len("page"):]; at == index {
			files["/"] = file{kind, body}
		} else {
			files[at] = file{kind, body}
		}
		return err
	})
	return files, err
}
