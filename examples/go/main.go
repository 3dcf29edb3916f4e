// Opens a group of three jobs, reports each of them, and waits for the one outcome. BROKERS and TOPIC name the bus. Exit
// code 0 on Success, 1 on Failure, 2 when nothing came.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

type outcome struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (o outcome) isOutcome() bool {
	return o.Type == "EventGroupCollectorSuccess" || o.Type == "EventGroupCollectorFailure"
}

func run() (int, error) {
	topic := env("TOPIC", "eventbus-collector")
	group := fmt.Sprintf("order-%d-%d", os.Getpid(), time.Now().UnixNano())
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()

	// Reads from a moment before now, committed records only (franz-go reads uncommitted ones unless told not to), and
	// writes with its default partitioner, which is Java's: the group's id as key is all it takes.
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(env("BROKERS", "localhost:9092"), ",")...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(time.Now().Add(-time.Second).UnixMilli())),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		return 2, err
	}
	defer client.Close()

	send := func(event map[string]any) error {
		value, err := json.Marshal(event)
		if err != nil {
			return err
		}
		record := &kgo.Record{Topic: topic, Key: []byte(group), Value: value}
		return client.ProduceSync(ctx, record).FirstErr()
	}
	jobs := []string{"payment", "stock", "label"}
	if err := send(map[string]any{"id": group, "type": "EventGroupCollectorCreate", "expected": jobs, "ttl": 30,
		"payload": map[string]any{"order": 7}}); err != nil {
		return 2, err
	}
	for _, job := range jobs {
		if err := send(map[string]any{"id": job, "type": "EventGroupCollectorEntityDone", "group": group,
			"result": map[string]any{"ok": true}}); err != nil {
			return 2, err
		}
	}

	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return 2, fmt.Errorf("no outcome of %s", group)
		}
		for _, record := range fetches.Records() {
			var event outcome
			if json.Unmarshal(record.Value, &event) != nil || event.ID != group || !event.isOutcome() {
				continue
			}
			fmt.Println(string(record.Value))
			if event.Type != "EventGroupCollectorSuccess" {
				return 1, nil
			}
			return 0, nil
		}
	}
}

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}
