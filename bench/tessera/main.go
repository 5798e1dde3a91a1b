// The rival of the figures log_append and log_tessera: tessera's POSIX driver with the same entries from as many callers.
//
//	tessera <folder> <file of entries> <bytes of each> <callers> <batch> <milliseconds> <entries a second>
//
// Each caller adds its share of the entries one after the other and waits for each: the future of Add resolves when the
// entry is integrated and the tree's state is on the disk. With a number of entries a second they come by chance instead,
// whoever still waits, and each wait counts from when its entry should have come. Prints one line of JSON: seconds, and
// each wait in microseconds.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	chances "math/rand/v2"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

type result struct {
	Seconds float64 `json:"seconds"`
	Waits   []int64 `json:"waits"`
}

func main() {
	if err := run(os.Args[1], os.Args[2], numbers(os.Args[3:])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func numbers(texts []string) []int {
	found := make([]int, len(texts))
	for place, text := range texts {
		number, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		found[place] = number
	}
	return found
}

func run(folder, file string, sizes []int) error {
	each, callers, batch, age, perSecond := sizes[0], sizes[1], sizes[2], time.Duration(sizes[3])*time.Millisecond, sizes[4]
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	appender, shutdown, err := open(ctx, folder, batch, age)
	if err != nil {
		return err
	}
	told := result{Waits: make([]int64, len(content)/each)}
	begin := time.Now()
	if perSecond > 0 {
		err = addAsTheyCome(ctx, appender, content, each, perSecond, told.Waits)
	} else {
		err = addAll(ctx, appender, content, each, callers, told.Waits)
	}
	if err != nil {
		return err
	}
	told.Seconds = time.Since(begin).Seconds()
	if err := shutdown(ctx); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func open(ctx context.Context, folder string, batch int, age time.Duration) (*tessera.Appender, func(context.Context) error, error) {
	secret, _, err := note.GenerateKey(rand.Reader, "rival.example/log")
	if err != nil {
		return nil, nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		return nil, nil, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(250*time.Millisecond).
		WithBatching(uint(batch), age)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	return appender, shutdown, err
}

// addAll lets every caller add each entry whose number leaves the caller's own as remainder.
func addAll(ctx context.Context, appender *tessera.Appender, content []byte, each, callers int, waits []int64) error {
	var group sync.WaitGroup
	failures := make(chan error, callers)
	for caller := range callers {
		group.Go(func() {
			for place := caller; place < len(waits); place += callers {
				begin := time.Now()
				entry := tessera.NewEntry(content[place*each : (place+1)*each])
				if _, err := appender.Add(ctx, entry)(); err != nil {
					failures <- err
					return
				}
				waits[place] = time.Since(begin).Microseconds()
			}
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}

// addAsTheyCome lets entries come with exponential gaps, so many a second.
func addAsTheyCome(ctx context.Context, appender *tessera.Appender, content []byte, each, perSecond int, waits []int64) error {
	var group sync.WaitGroup
	failures := make(chan error, len(waits))
	chance := chances.New(chances.NewPCG(7, 7))
	due := time.Now().Add(time.Second)
	for place := range waits {
		due = due.Add(time.Duration(chance.ExpFloat64() / float64(perSecond) * float64(time.Second)))
		time.Sleep(time.Until(due))
		dueNow := due
		group.Go(func() {
			entry := tessera.NewEntry(content[place*each : (place+1)*each])
			if _, err := appender.Add(ctx, entry)(); err != nil {
				failures <- err
				return
			}
			waits[place] = time.Since(dueNow).Microseconds()
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}
