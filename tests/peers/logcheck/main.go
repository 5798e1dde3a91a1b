// Command logcheck asks Go's golang.org/x/mod/sumdb whether our signing log is what it says.
//
//	logcheck proof VKEY FILE               check a tlog-proof file: note signature, inclusion of the entry in its extra line
//	logcheck consistency VKEY OLD NEW FILE check two checkpoint notes and a file with one base64 hash a line
//
// It exits with 0 and prints "ok SIZE" only when everything holds.
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	size, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok", size)
}

func run(args []string) (int64, error) {
	switch {
	case len(args) == 3 && args[0] == "proof":
		return checkProof(args[1], args[2])
	case len(args) == 5 && args[0] == "consistency":
		return checkConsistency(args[1], args[2], args[3], args[4])
	}
	return 0, errors.New("usage: logcheck proof VKEY FILE | consistency VKEY OLD NEW FILE")
}

func openCheckpoint(vkey, text string) (int64, tlog.Hash, error) {
	var root tlog.Hash
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, root, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return 0, root, errors.New("the checkpoint has another form or origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, root, err
	}
	root, err = tlog.ParseHash(lines[2])
	return size, root, err
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(lines))
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func checkProof(vkey, file string) (int64, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	head, checkpoint, found := strings.Cut(string(content), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, errors.New("not a tlog-proof with an extra line")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return 0, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return 0, err
	}
	path, err := parseHashes(lines[3:])
	if err != nil {
		return 0, err
	}
	size, root, err := openCheckpoint(vkey, checkpoint)
	if err != nil {
		return 0, err
	}
	return size, tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry))
}

func checkConsistency(vkey, oldFile, newFile, proofFile string) (int64, error) {
	sizes, roots := [2]int64{}, [2]tlog.Hash{}
	for i, file := range []string{oldFile, newFile} {
		content, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		if sizes[i], roots[i], err = openCheckpoint(vkey, string(content)); err != nil {
			return 0, err
		}
	}
	content, err := os.ReadFile(proofFile)
	if err != nil {
		return 0, err
	}
	path, err := parseHashes(strings.Fields(string(content)))
	if err != nil {
		return 0, err
	}
	return sizes[1], tlog.CheckTree(path, sizes[1], roots[1], sizes[0], roots[0])
}
