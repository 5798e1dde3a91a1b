// Command sm2check asks Go's github.com/emmansun/gmsm whether signatures, certificates and revocation lists of ours hold.
//
//	sm2check signatures FILE      each line: SPKI, message, signature in DER, all in hex
//	sm2check sign COUNT           write COUNT such lines, made with this library's own keys
//	sm2check certificate ROOT LEAF CRL   DER files: leaf and list are signed by the root
//
// It exits with 0 only when everything holds.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "signatures":
		return checkSignatures(args[1])
	case len(args) == 2 && args[0] == "sign":
		return sign(args[1])
	case len(args) == 4 && args[0] == "certificate":
		return checkCertificate(args[1], args[2], args[3])
	}
	return errors.New("usage: sm2check signatures FILE | sign COUNT | certificate ROOT LEAF CRL")
}

func checkSignatures(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := 0
	for scanner := bufio.NewScanner(file); scanner.Scan(); lines++ {
		var parts [3][]byte
		for place, field := range strings.Split(scanner.Text(), " ") {
			if parts[place], err = hex.DecodeString(field); err != nil {
				return err
			}
		}
		public, err := smx509.ParsePKIXPublicKey(parts[0])
		if err != nil {
			return err
		}
		if !sm2.VerifyASN1WithSM2(public.(*ecdsa.PublicKey), nil, parts[1], parts[2]) {
			return fmt.Errorf("line %d does not hold", lines+1)
		}
	}
	fmt.Println("ok", lines)
	return nil
}

func sign(count string) error {
	wanted, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for number := range wanted {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		message := make([]byte, number)
		if _, err := rand.Read(message); err != nil {
			return err
		}
		signature, err := key.SignWithSM2(rand.Reader, nil, message)
		if err != nil {
			return err
		}
		spki, err := smx509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return err
		}
		fmt.Printf("%x %x %x\n", spki, message, signature)
	}
	return nil
}

func checkCertificate(names ...string) error {
	var files [3][]byte
	for place, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files[place] = content
	}
	root, err := smx509.ParseCertificate(files[0])
	if err != nil {
		return err
	}
	leaf, err := smx509.ParseCertificate(files[1])
	if err != nil {
		return err
	}
	list, err := smx509.ParseDERCRL(files[2])
	if err != nil {
		return err
	}
	for _, err := range []error{root.CheckSignatureFrom(root), leaf.CheckSignatureFrom(root), root.CheckCRLSignature(list)} {
		if err != nil {
			return err
		}
	}
	fmt.Println("ok", len(list.TBSCertList.RevokedCertificates))
	return nil
}
