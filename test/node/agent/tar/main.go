// Command tar is as much of tar as kubectl cp needs in an image:
//
//	tar cf - PATH             writes a file or folder as an archive
//	tar -xmf - -C DIRECTORY   reads an archive into a directory
package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "tar:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "cf":
		return write(os.Stdout, args[2])
	case len(args) == 4 && args[0] == "-xmf" && args[2] == "-C":
		return read(os.Stdin, args[3])
	default:
		return fmt.Errorf("%q is nothing that it does", args)
	}
}

// write writes what is at a path. Names in the archive are relative, as those of other tars are.
func write(to io.Writer, path string) error {
	archive := tar.NewWriter(to)
	err := filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return add(archive, path)
	})
	return errors.Join(err, archive.Close())
}

// add adds one file, or one folder without what is in it.
func add(archive *tar.Writer, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	header.Name = strings.TrimPrefix(path, "/")
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(archive, file)
	return err
}

// read makes the files and folders of an archive.
func read(from io.Reader, directory string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := extract(root, header, archive); err != nil {
			return err
		}
	}
}

func extract(root *os.Root, header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(header.Name, 0o755)
	}
	// kubectl cp names folders only if they are empty.
	if err := root.MkdirAll(filepath.Dir(header.Name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(header.Name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
