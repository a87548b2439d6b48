// Command outside is what is beyond a cluster: it answers each connection with the name that the address was given on the command line, so that it
// can be tried whether pods get there.
//
//	outside internet=203.0.113.10:80 metadata=169.254.169.254:80
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	failed := make(chan error)
	for _, arg := range os.Args[1:] {
		name, address, _ := strings.Cut(arg, "=")
		go func() { failed <- serve(name, address) }()
	}
	_, _ = fmt.Fprintln(os.Stderr, "outside:", <-failed)
	os.Exit(1)
}

// serve answers until it cannot accept connections any more, and returns why.
func serve(name, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(connection, name)
		_ = connection.Close()
	}
}
