package run

import (
	"errors"
	"strconv"
)

// Words by which messages begin. The launcher, which does not link this package, has its own copies; the
// tests run it against the server.
const (
	sayLaunch     = "launch"
	sayStarted    = "started"
	sayEnded      = "ended"
	answerRun     = "run"
	answerRefused = "refused"
)

// errLaunch is of a message that is no launch.
var errLaunch = errors.New("no launch")

// decodeLaunch reads a launcher's first message: the word launch, kind, ID, process, folder, both pipes of
// GoNB, and the arguments.
func decodeLaunch(fields []string) (Launch, error) {
	if len(fields) < 7 || fields[0] != sayLaunch {
		return Launch{}, errLaunch
	}
	pid, err := strconv.Atoi(fields[3])
	if err != nil || pid < 2 {
		return Launch{}, errLaunch
	}
	switch fields[1] {
	case Cell, Shell, Script:
	default:
		return Launch{}, errLaunch
	}
	return Launch{
		Kind: fields[1], ID: fields[2], PID: pid, Dir: fields[4],
		GonbPipe: fields[5], GonbPipeBack: fields[6], Args: fields[7:],
	}, nil
}

// encodeStreams is the answer to a launch: the word run, a letter for each file that comes with it, the
// pipe, the folder, how many assignments follow, these, and the command.
func encodeStreams(s Streams) []string {
	var which string
	for i, f := range s.files() {
		if f != nil {
			which += letters[i : i+1]
		}
	}
	out := []string{answerRun, which, s.GonbPipe, s.Dir, strconv.Itoa(len(s.Env))}
	return append(append(out, s.Env...), s.Command...)
}
