package pool

import (
	"os"
	"testing"

	"foundation.team/operator/test/support/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }
