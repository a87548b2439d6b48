package decode_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/watch"

	"foundation.team/operator/internal/decode"
	"foundation.team/operator/test/support/builder"
)

// A watch that is stopped with an event on its way leaves no goroutine behind; TestMain looks.
func TestAStoppedWatchEnds(_ *testing.T) {
	source := watch.NewFake()
	stream := decode.Filter(source, func(event watch.Event) (watch.Event, bool) { return event, true })
	source.Modify(builder.Pool("b200")) // taken by the filter, and by nobody else
	stream.Stop()
}
