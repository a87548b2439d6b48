package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
)

// serveHTTP answers each request with its host's name, as a notebook's server would with a page, until it is told to end.
func serveHTTP(port string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: ":" + port, ReadHeaderTimeout: connectWithin, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, name)
	})}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	go func() {
		awaitEnd()
		failed <- nil
	}()
	return <-failed
}

// echo repeats each line that it is told, until there are no more.
func echo(from io.Reader) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		_, _ = fmt.Fprintln(os.Stdout, "you said", lines.Text())
	}
	return lines.Err()
}
