// Command logwitness lets transparency-dev's witness, its client and its formats judge our witnesses and proofs.
//
//	logwitness serve LOGKEY                       be a witness: print address and key, serve until standard input ends
//	logwitness climb URL WITNESS LOGKEY OLD NEW FORK PATH
//	                                              ask a witness as their client does: first OLD, then NEW, never FORK
//	logwitness witnessed LOGKEY POLICY PROOF      check a tlog-proof, its entry and its quorum by a policy file
//	logwitness published LOGKEY FOLDER            check checkpoint, tiles and bundles of a published log
//
// It exits with 0 and prints "ok SIZE" only when everything holds.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	fwitness "github.com/transparency-dev/formats/witness"
	wclient "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	size, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok", size)
}

func run(args []string) (uint64, error) {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return 0, serve(args[1])
	case len(args) == 8 && args[0] == "climb":
		return climb(args[1], args[2], args[3], args[4:])
	case len(args) == 4 && args[0] == "witnessed":
		return witnessed(args[1], args[2], args[3])
	case len(args) == 3 && args[0] == "published":
		return published(args[1], args[2])
	}
	return 0, errors.New("usage: logwitness serve | climb | witnessed | published …")
}

func serve(logKey string) error {
	verifier, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	secret, public, err := note.GenerateKey(rand.Reader, "go.test.example/w")
	if err != nil {
		return err
	}
	signer, err := fnote.NewSignerForCosignatureV1(secret)
	if err != nil {
		return err
	}
	vkey, err := fnote.VKeyToCosignatureV1(public)
	if err != nil {
		return err
	}
	service, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			return verifier, origin == verifier.Name(), nil
		},
	})
	if err != nil {
		return err
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(service).AddCheckpoint)
	mux.HandleFunc("GET /{digest}/checkpoint", func(w http.ResponseWriter, r *http.Request) {
		held, err := service.GetCheckpoint(r.Context(), verifier.Name())
		if err != nil || held == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(held)
	})
	go func() { _ = http.Serve(listening, mux) }()
	fmt.Printf("http://%s %s\n", listening.Addr(), vkey)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// climb asks the witness as transparency-dev's own client does; files are the notes OLD, NEW and FORK and the path
// from OLD to NEW, one base64 hash a line.
func climb(address, witnessKey, logKey string, files []string) (uint64, error) {
	base, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	cosigner, err := fnote.NewVerifierForCosignatureV1(witnessKey)
	if err != nil {
		return 0, err
	}
	logVerifier, err := note.NewVerifier(logKey)
	if err != nil {
		return 0, err
	}
	var notes [3][]byte
	for i := range notes {
		if notes[i], err = os.ReadFile(files[i]); err != nil {
			return 0, err
		}
	}
	path, err := readPath(files[3])
	if err != nil {
		return 0, err
	}
	client, ctx := wclient.NewWitness(base, http.DefaultClient), context.Background()
	older, _, _, err := log.ParseCheckpoint(notes[0], logVerifier.Name(), logVerifier)
	if err != nil {
		return 0, err
	}
	lines, _, err := client.Update(ctx, 0, notes[0], nil)
	if err != nil {
		return 0, fmt.Errorf("the first checkpoint: %w", err)
	}
	if err := demandLine(notes[0], lines, logVerifier, cosigner); err != nil {
		return 0, err
	}
	if _, held, err := client.Update(ctx, 0, notes[1], nil); !errors.Is(err, witness.ErrCheckpointStale) || held != older.Size {
		return 0, fmt.Errorf("a stale size was answered by %d, %v", held, err)
	}
	if _, _, err := client.Update(ctx, older.Size, notes[1], nil); !errors.Is(err, witness.ErrInvalidProof) {
		return 0, fmt.Errorf("a missing proof was answered by %v", err)
	}
	lines, _, err = client.Update(ctx, older.Size, notes[1], path)
	if err != nil {
		return 0, fmt.Errorf("the second checkpoint: %w", err)
	}
	if err := demandLine(notes[1], lines, logVerifier, cosigner); err != nil {
		return 0, err
	}
	newer, _, _, err := log.ParseCheckpoint(notes[1], logVerifier.Name(), logVerifier)
	if err != nil {
		return 0, err
	}
	if _, _, err := client.Update(ctx, newer.Size, notes[2], nil); !errors.Is(err, witness.ErrInvalidProof) {
		return 0, fmt.Errorf("a fork was answered by %v", err)
	}
	return newer.Size, nil
}

// demandLine opens the note with the lines that the witness gave, by the keys of both.
func demandLine(signed, lines []byte, verifiers ...note.Verifier) error {
	opened, err := note.Open(append(bytes.Clone(signed), lines...), note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(verifiers) || len(opened.UnverifiedSigs) != 0 {
		return errors.New("not the lines of log and witness")
	}
	return nil
}

func readPath(file string) ([][]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var path [][]byte
	for _, line := range strings.Fields(string(content)) {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
	}
	return path, nil
}

func witnessed(logKey, policyFile, proofFile string) (uint64, error) {
	policyText, err := os.ReadFile(policyFile)
	if err != nil {
		return 0, err
	}
	policy, err := fwitness.ParsePolicy(policyText)
	if err != nil {
		return 0, err
	}
	content, err := os.ReadFile(proofFile)
	if err != nil {
		return 0, err
	}
	var read proof.TLogProof
	if err := read.Unmarshal(content); err != nil {
		return 0, err
	}
	if !bytes.Equal(read.Marshal(), content) {
		return 0, errors.New("the proof is spelt in another way")
	}
	verifier, err := note.NewVerifier(logKey)
	if err != nil {
		return 0, err
	}
	checkpoint, _, _, err := log.ParseCheckpoint(read.Checkpoint, verifier.Name(), verifier)
	if err != nil {
		return 0, err
	}
	if !policy.Satisfied(read.Checkpoint) {
		return 0, errors.New("the quorum is not there")
	}
	path := make([]tlog.Hash, len(read.Hashes))
	for i, hash := range read.Hashes {
		path[i] = hash
	}
	root := tlog.Hash(checkpoint.Hash)
	return checkpoint.Size, tlog.CheckRecord(path, int64(checkpoint.Size), root, int64(read.Index), tlog.RecordHash(read.ExtraData))
}

// published recomputes the tree from the bundles alone, then demands that checkpoint and all tiles are the same.
func published(logKey, folder string) (uint64, error) {
	verifier, err := note.NewVerifier(logKey)
	if err != nil {
		return 0, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return 0, err
	}
	checkpoint, _, _, err := log.ParseCheckpoint(signed, verifier.Name(), verifier)
	if err != nil {
		return 0, err
	}
	size := int64(checkpoint.Size)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, errors.New("a hash that is not there")
			}
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	tiles := tlog.NewTiles(tileHeight, 0, size)
	for _, tile := range tiles {
		if tile.L != 0 {
			continue
		}
		entries, err := readBundle(filepath.Join(folder, "tile", "entries", tilePath(tile)), tile.W)
		if err != nil {
			return 0, err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(tile.N<<tileHeight+int64(i), entry, reader)
			if err != nil {
				return 0, err
			}
			stored = append(stored, hashes...)
		}
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(root[:], checkpoint.Hash) {
		return 0, errors.New("the bundles make another root")
	}
	for _, tile := range tiles {
		wanted, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return 0, err
		}
		found, err := os.ReadFile(filepath.Join(folder, "tile", fmt.Sprint(tile.L), tilePath(tile)))
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(wanted, found) {
			return 0, fmt.Errorf("tile %d/%s differs", tile.L, tilePath(tile))
		}
	}
	return checkpoint.Size, nil
}

// tilePath returns what stands behind the level in the path of a tile: x/mod writes the height too, which C2SP does not.
func tilePath(tile tlog.Tile) string {
	parts := strings.SplitN(tile.Path(), "/", 4)
	return parts[3]
}

func readBundle(file string, width int) ([][]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(content) >= 2 {
		length := int(binary.BigEndian.Uint16(content))
		if len(content) < 2+length {
			return nil, errors.New("a bundle ends inside an entry")
		}
		entries = append(entries, content[2:2+length])
		content = content[2+length:]
	}
	if len(content) != 0 || len(entries) != width {
		return nil, errors.New("a bundle of another number of entries")
	}
	return entries, nil
}
