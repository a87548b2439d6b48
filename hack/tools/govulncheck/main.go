// Command govulncheck is govulncheck, pinned by go.sum, for machines that may not reach the database of vulnerabilities:
// without it there is nothing to check, which is said and is no failure. The database is $GOVULNDB, an https or a
// file URL, or https://vuln.go.dev.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/vuln/scan"
)

const (
	defaultDatabase = "https://vuln.go.dev"
	// patience is how long the database may take to answer.
	patience = 5 * time.Second
)

func main() {
	os.Exit(run(context.Background(), os.Getenv("GOVULNDB"), os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0 also if the database cannot be reached, 3 if code that is called is vulnerable.
func run(ctx context.Context, database string, args []string, stdout, stderr io.Writer) int {
	database = cmp.Or(strings.TrimSuffix(database, "/"), defaultDatabase)
	if err := reach(ctx, database); err != nil {
		fmt.Fprintf(stderr, "govulncheck: SKIPPED, nothing was checked: %v; run it where that can be reached, "+
			"or on a copy of it: GOVULNDB=file:///path/to/vulndb make vuln\n", err)
		return 0
	}
	cmd := scan.Command(ctx, append([]string{"-db", database}, args...)...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(stderr, "govulncheck:", err)
		return 1
	}
	err := cmd.Wait()
	if coded, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err); ok {
		return coded.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(stderr, "govulncheck:", err)
		return 1
	}
	return 0
}

// reach asks a database that is not on this machine for the smallest of its files.
func reach(ctx context.Context, database string) error {
	if strings.HasPrefix(database, "file:") {
		return nil // one that is not there is a mistake, and govulncheck says so
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, database+"/index/db.json", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	return nil
}
