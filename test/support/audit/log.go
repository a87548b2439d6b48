package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Event is a request in the API server's audit log, as far as it is looked at here.
type Event struct {
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	ObjectRef  struct {
		Resource    string `json:"resource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
		APIGroup    string `json:"apiGroup"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
	User        struct {
		Username string `json:"username"`
	} `json:"user"`
	// Received is when the API server got the request.
	Received metav1.MicroTime `json:"requestReceivedTimestamp"`
}

// IsWrite reports whether a request was to change something.
func (e Event) IsWrite() bool { return e.Verb != "get" && e.Verb != "list" && e.Verb != "watch" }

// ReadLog reads an audit log: a line of JSON for each event.
func ReadLog(path string) ([]Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	defer func() { _ = f.Close() }()
	return Read(f)
}

// Read reads events, a line of JSON each.
func Read(log io.Reader) ([]Event, error) {
	var events []Event
	for lines := json.NewDecoder(log); ; {
		var event Event
		err := lines.Decode(&event)
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read line %d of the audit log: %w", len(events)+1, err)
		}
		events = append(events, event)
	}
}

// resource is what was asked for, as Right has it; empty if it was none, but a path such as /version.
func (e Event) resource() string {
	name := e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		name += "/" + e.ObjectRef.Subresource
	}
	return qualified(name, e.ObjectRef.APIGroup)
}

var roleInReason = regexp.MustCompile(`of (?:Cluster)?Role "([^"]+)"`)

// role is the name of the role by which RBAC let the request pass; empty if it did not.
func (e Event) role() string {
	if e.Annotations["authorization.k8s.io/decision"] != "allow" {
		return ""
	}
	if found := roleInReason.FindStringSubmatch(e.Annotations["authorization.k8s.io/reason"]); found != nil {
		return found[1]
	}
	return ""
}

// implies is the verb that a request needs beside its own, if there is one. An apply that made the object had to be allowed
// to create it. A watch that begins with all objects there are stands for a list, which is what is asked for where they
// cannot be streamed.
func (e Event) implies() string {
	switch e.Verb {
	case "patch":
		if e.ResponseStatus.Code == http.StatusCreated {
			return "create"
		}
	case "watch":
		if u, err := url.Parse(e.RequestURI); err == nil && u.Query().Get("sendInitialEvents") == "true" {
			return "list"
		}
	}
	return ""
}

// forbidden reports whether RBAC refused it, because a right was missing or because a role would have given more rights than
// whoever wrote it has. Admission refuses with the same code.
func (e Event) forbidden() bool {
	return e.ResponseStatus.Code == http.StatusForbidden &&
		(e.Annotations["authorization.k8s.io/decision"] == "forbid" ||
			strings.Contains(e.ResponseStatus.Message, "attempting to grant RBAC permissions"))
}
