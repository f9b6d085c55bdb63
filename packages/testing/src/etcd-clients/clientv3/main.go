// Asks an etcd what Go's clientv3 can ask beyond etcdctl, and prints each answer.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/zap"
)

var ctx = context.Background()

func tell(what string, answer any, err error) {
	if err != nil {
		answer = err
	}
	fmt.Printf("%s: %v\n", what, answer)
}

func main() {
	client, err := clientv3.New(clientv3.Config{
		Endpoints: os.Args[1:2], DialTimeout: 20 * time.Second, MaxCallRecvMsgSize: 1 << 30, Logger: zap.NewNop(),
	})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	watches(client)
	leases(client)
	locks(client)
	elections(client)
}

// Watches with fragments get every event whole, however large a revision is.
func watches(client *clientv3.Client) {
	value := string(bytes.Repeat([]byte("x"), 1<<20))
	start := int64(0)
	for i := 0; i < 8; i++ {
		answer, err := client.Put(ctx, fmt.Sprintf("big/%d", i), value)
		tell("put", err == nil, err)
		if start == 0 {
			start = answer.Header.Revision
		}
	}
	gone, err := client.Delete(ctx, "big/", clientv3.WithPrefix())
	tell("deleted", gone.Deleted, err)
	short, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	seen := 0
	for answer := range client.Watch(short, "big/", clientv3.WithPrefix(), clientv3.WithRev(start),
		clientv3.WithFragment(), clientv3.WithPrevKV(), clientv3.WithCreatedNotify(), clientv3.WithProgressNotify()) {
		for _, event := range answer.Events {
			seen++
			previous := 0
			if event.PrevKv != nil {
				previous = len(event.PrevKv.Value)
			}
			fmt.Println(event.Type, string(event.Kv.Key), len(event.Kv.Value), previous, event.Kv.ModRevision-start, event.IsCreate())
		}
		if seen == 16 {
			break
		}
	}
	few := client.Watch(short, "few", clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
	tell("created", (<-few).Created, nil)
	tell("asked for progress", true, client.RequestProgress(short))
	progress := <-few
	tell("progress", progress.IsProgressNotify(), nil)
	client.Put(ctx, "few", "1")
	client.Delete(ctx, "few")
	event := (<-few).Events[0]
	fmt.Println("filtered", event.Type, string(event.Kv.Key))
	compacted, err := client.Compact(ctx, start+3, clientv3.WithCompactPhysical())
	tell("compacted", compacted != nil, err)
	late := <-client.Watch(short, "big/", clientv3.WithPrefix(), clientv3.WithRev(start))
	tell("late watch", late.CompactRevision-start, nil)
	tell("late watch", late.Canceled, late.Err())
}

// A lease that is kept alive outlives its time; one that is not ends, and its keys with it.
func leases(client *clientv3.Client) {
	kept, err := client.Grant(ctx, 2)
	tell("granted", kept.TTL, err)
	left, err := client.Grant(ctx, 2)
	tell("granted", left.TTL, err)
	client.Put(ctx, "kept", "1", clientv3.WithLease(kept.ID))
	client.Put(ctx, "left", "1", clientv3.WithLease(left.ID))
	live, stop := context.WithCancel(ctx)
	answers, err := client.KeepAlive(live, kept.ID)
	tell("kept alive", (<-answers).TTL, err)
	gone := <-client.Watch(ctx, "left", clientv3.WithFilterPut())
	fmt.Println("ended", gone.Events[0].Type, string(gone.Events[0].Kv.Key))
	there, err := client.Get(ctx, "kept", clientv3.WithCountOnly())
	tell("kept", there.Count, err)
	stop()
	_, err = client.Revoke(ctx, kept.ID)
	tell("revoked", true, err)
	_, err = client.KeepAliveOnce(ctx, kept.ID)
	tell("kept alive", false, err)
}

func locks(client *clientv3.Client) {
	one, err := concurrency.NewSession(client, concurrency.WithTTL(30))
	tell("session", err == nil, err)
	two, err := concurrency.NewSession(client, concurrency.WithTTL(30))
	tell("session", err == nil, err)
	first, second := concurrency.NewMutex(one, "mutex"), concurrency.NewMutex(two, "mutex")
	tell("locked", true, first.Lock(ctx))
	tell("tried", true, second.TryLock(ctx))
	waiting := make(chan error)
	go func() { waiting <- second.Lock(ctx) }()
	tell("unlocked", true, first.Unlock(ctx))
	tell("locked in turn", true, <-waiting)
	// A session that ends gives its locks back.
	tell("closed", true, two.Close())
	tell("locked then", true, first.Lock(ctx))
	tell("closed", true, one.Close())
	moved, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
		stm.Put("stm", stm.Get("kept")+"moved")
		return nil
	})
	tell("stm", moved.Succeeded, err)
}

func elections(client *clientv3.Client) {
	one, _ := concurrency.NewSession(client, concurrency.WithTTL(30))
	two, _ := concurrency.NewSession(client, concurrency.WithTTL(30))
	first, second := concurrency.NewElection(one, "office"), concurrency.NewElection(two, "office")
	tell("elected", true, first.Campaign(ctx, "one"))
	watching, stop := context.WithCancel(ctx)
	leaders := second.Observe(watching)
	fmt.Println("leader", string((<-leaders).Kvs[0].Value))
	waiting := make(chan error)
	go func() { waiting <- second.Campaign(ctx, "two") }()
	tell("proclaimed", true, first.Proclaim(ctx, "more"))
	fmt.Println("leader", string((<-leaders).Kvs[0].Value))
	tell("resigned", true, first.Resign(ctx))
	tell("elected in turn", true, <-waiting)
	fmt.Println("leader", string((<-leaders).Kvs[0].Value))
	stop()
	one.Close()
	two.Close()
}
