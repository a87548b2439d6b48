// Command govulncheck is govulncheck, pinned by go.sum. If the vulnerability database cannot be reached it prints
// that nothing was checked and succeeds, so that machines without internet access can run all checks. The database is
// $GOVULNDB, an https or a file URL, or https://vuln.go.dev.
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

// reach checks whether a remote database can be reached, by its smallest file.
func reach(ctx context.Context, database string) error {
	if strings.HasPrefix(database, "file:") {
		return nil // a missing directory is a mistake, which govulncheck reports
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
