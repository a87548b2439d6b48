// Command forward accepts connections on one address and forwards each to another: the lab's real nodes are in a network of their own, from which
// the API server, which listens on loopback, cannot be reached.
//
//	forward 10.200.1.1:6443 127.0.0.1:20443
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

func main() {
	if len(os.Args) != 3 {
		_, _ = fmt.Fprintln(os.Stderr, "usage: forward <listen address> <target address>")
		os.Exit(2)
	}
	_, _ = fmt.Fprintln(os.Stderr, "forward:", serve(os.Args[1], os.Args[2]))
	os.Exit(1)
}

// serve forwards until it cannot accept connections any more, and returns why.
func serve(listen, target string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			if err := forward(connection, target); err != nil {
				_, _ = fmt.Fprintln(os.Stderr, "forward:", err)
			}
		}()
	}
}

// forward copies both ways until both ends have said all.
func forward(from net.Conn, target string) error {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	defer func() { _ = to.Close() }()
	var both sync.WaitGroup
	failures := make([]error, 2)
	both.Go(func() { failures[0] = copyTo(to, from) })
	both.Go(func() { failures[1] = copyTo(from, to) })
	both.Wait()
	return errors.Join(failures...)
}

// copyTo copies until the source has said all, and tells the destination.
func copyTo(to, from net.Conn) error {
	_, err := io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
