package decode

import "k8s.io/apimachinery/pkg/watch"

// Filter is watch.Filter without its leak: that one's goroutine waits for ever if the watch is stopped with an event in its hand.
func Filter(stream watch.Interface, f watch.FilterFunc) watch.Interface {
	return drained{watch.Filter(stream, f)}
}

type drained struct{ watch.Interface }

// Stop stops the watch and takes what was on its way.
func (d drained) Stop() {
	d.Interface.Stop()
	go func() {
		for {
			if _, open := <-d.ResultChan(); !open {
				return
			}
		}
	}()
}
