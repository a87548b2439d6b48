package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"foundation.team/operator/hack/lab/cluster"
)

// operatorImage is what the Dockerfile builds, without an engine.
const operatorImage = cluster.Registry + "/foundation-operator"

// pushOperator builds the operator as the Dockerfile does and pushes its image; the version is its tag, too.
func pushOperator(ctx context.Context, root, version string) error {
	file, err := readDockerfile(filepath.Join(root, "Dockerfile"), map[string]string{"VERSION": version, "REVISION": "of-" + version})
	if err != nil {
		return err
	}
	manager := filepath.Join(lab.Dir, "manager-"+version)
	build := exec.CommandContext(ctx, "/bin/sh", "-euc", strings.Replace(file.build, "-o "+file.binary, "-o "+manager, 1))
	build.Dir, build.Env = root, append(os.Environ(), "VERSION="+version, "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", file.build, err, out)
	}
	file.image.Files = map[string]string{file.binary: manager}
	return lab.PushImage(ctx, operatorImage+":"+version, file.image)
}

// dockerfile is what the project's Dockerfile comes to.
type dockerfile struct {
	// build is the command that builds binary, and image what the last stage makes of that.
	build, binary string
	image         cluster.Image
}

// readDockerfile understands the instructions of the project's Dockerfile, and no others. args are the build's arguments.
func readDockerfile(path string, args map[string]string) (*dockerfile, error) {
	instructions, err := readInstructions(path)
	if err != nil {
		return nil, err
	}
	var file *dockerfile
	build := ""
	for _, line := range instructions {
		instruction, value, _ := strings.Cut(line, " ")
		switch value = strings.TrimSpace(value); instruction {
		case "FROM":
			file = &dockerfile{build: build, image: cluster.Image{Labels: map[string]string{}}} // the last stage counts
		case "RUN":
			if _, command, builds := strings.Cut(value, " go build "); builds {
				build = "go build " + command
			}
		case "LABEL":
			err = errors.Join(err, file.addLabels(value, args))
		case "COPY":
			file.binary = value[strings.LastIndex(value, " ")+1:]
		case "USER":
			file.image.User = value
		case "ENTRYPOINT":
			file.image.Entrypoint = strings.Trim(value, `[]"`)
		case "ARG", "ENV", "WORKDIR":
		default:
			err = errors.Join(err, fmt.Errorf("%s: unknown instruction %q", path, line))
		}
	}
	return file, err
}

// addLabels adds labels of the form name="value", in which $NAME stands for an argument.
func (d *dockerfile) addLabels(text string, args map[string]string) error {
	for text != "" {
		name, rest, found := strings.Cut(text, `="`)
		value, more, closed := strings.Cut(rest, `"`)
		if !found || !closed {
			return fmt.Errorf("%q is no label", text)
		}
		d.image.Labels[name] = os.Expand(value, func(arg string) string { return args[arg] })
		text = strings.TrimSpace(more)
	}
	return nil
}

// readInstructions returns the lines of a Dockerfile, continued ones as one, without comments.
func readInstructions(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var lines []string
	continued := false
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		part, more := strings.CutSuffix(line, "\\")
		if continued {
			lines[len(lines)-1] += " " + strings.TrimSpace(part)
		} else {
			lines = append(lines, strings.TrimSpace(part))
		}
		continued = more
	}
	return lines, nil
}
