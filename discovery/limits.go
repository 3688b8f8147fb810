package discovery

import "time"

// Bounds of what a node sends.
const (
	// recordTTL is how long a browser may keep our records, in seconds: what RFC 6762 recommends for records with a host name.
	recordTTL = 120
	// maxAnswer is the length of a DNS answer, in bytes: with IP and UDP headers it passes any link without fragments.
	maxAnswer = 1200
	// answerFactor bounds an answer to one machine: it is at most so many times as long as the question, so that a node does not
	// amplify a flood of questions in the name of another machine. A node's own question is long enough for maxAnswer. The answer to
	// a shorter question has only the first records. An answer to the multicast group is not bounded by this.
	answerFactor = 4
	// tellAgain is the shortest time between two answers with the same records to the group (RFC 6762 section 6).
	tellAgain = time.Second
	// maxTold is the number of answers to the group that are remembered: each of our five names on each interface, with some to spare.
	maxTold = 8 * maxInterfaces
	// ownAnswers is the number of answers of this node in a second, after ownAnswersBurst at once, to questions that the whole network
	// has got, and the same again for questions who has rooms. Then it answers to the group, once in tellAgain: so many nodes that are
	// started, or look for rooms, in one moment cost a node little more than one of them does.
	ownAnswers      = 2
	ownAnswersBurst = 16
	// crowdAnswer is the number of nodes that answer a question who is there, on average, in a crowd of more than smallLAN: it is only
	// for a machine that hears nothing that is sent to the group.
	crowdAnswer = 2
	// answersASecond is the number of answers to one address in a second, after answerBurst at once: enough for ten nodes of one
	// machine that all look for rooms.
	answersASecond = 50
	answerBurst    = 100
	// maxSources is the number of addresses whose answers are counted one by one. If more addresses ask without a pause, the others
	// share crowdAnswers in a second.
	maxSources   = 512
	crowdAnswers = 1000
	// maxHostAddrs is the number of A and AAAA records in an answer. A browser needs one; nodes read the TXT record.
	maxHostAddrs = 4
	// answerFresh is how long an answer is used again, so that a flood of queries costs little more than reading them.
	answerFresh = 500 * time.Millisecond
)

// Bounds of what a node receives. The first three also bound what it sends.
const (
	// maxAddrs is the number of addresses in one announcement: QUIC and TCP at four IP addresses.
	maxAddrs = 8
	// maxRooms is the length of what a node says of its rooms, in bytes: a number of 64 bits.
	maxRooms = 16
	// maxTXT is the length of all strings of a TXT record, in bytes: maxAddrs of the longest, and what is said of rooms.
	maxTXT = 1024 + len(roomsKey) + maxRooms
	// maxTXTString is the length of one string of a TXT record, in bytes, which the format of DNS bounds.
	maxTXTString = 255
	// maxPeerAddrs is the number of addresses of one peer that a round keeps, from all interfaces and answers together.
	maxPeerAddrs = 16
	// maxPeers is the number of peers that a round keeps, and of those whose last report is remembered. Honest answers come within
	// milliseconds of the query, and so before most of a flood. It is more than crowdFull.
	maxPeers = 512
	// hearsASecond is the number of announcements to the group that are taken from one address in a second, after hearsBurst at once: the
	// nodes of one machine, started at once. The addresses beyond maxSources share crowdHears. maxCame is the number of announcements that
	// wait for Run, which may be in a round: those of a whole room that is started in a moment.
	hearsASecond = 20
	hearsBurst   = 4 * maxPeersOfHost
	crowdHears   = 200
	maxCame      = 512
	// maxPeersOfHost is the number of peers that one address may announce in a round: the nodes of one machine.
	maxPeersOfHost = 32
	// maxSaid is the number of different texts about the rooms of one peer that are reported at once.
	maxSaid = 4
	// maxHeard is the number of announcements that one query takes.
	maxHeard = 1024
	// maxQuestions is the number of questions that are read from one packet. A browser puts all services that it looks for into one
	// packet: a few dozen at most.
	maxQuestions = 64
	// maxInterfaces is the number of interfaces that are served. Each costs two sockets, and two queries in a round.
	maxInterfaces = 16
)

// Times.
const (
	// queryWindow is how long a query listens, except in the first rounds of a schedule. It is also the longest time that Run takes
	// to return after its context has ended.
	queryWindow = 130 * time.Millisecond
	// hurryGap is the shortest time from the beginning of a round to that of the next, after Hurry.
	hurryGap = 200 * time.Millisecond
	// pollInterfaces is how often the interfaces and their addresses are checked if the system does not report changes, or while an
	// interface is not served as it should be.
	pollInterfaces = 2 * time.Second
	// changeSettles is how long after a reported change the interfaces are checked: a change of the network causes several reports.
	changeSettles = 100 * time.Millisecond
	// tendEvery is how often this node's file is written again, and how often changes are looked for that the system may not have
	// reported.
	tendEvery = 30 * time.Second
	// reportAgain is the shortest time between two reports of a peer with the same addresses. The later reports let a node redial.
	reportAgain = 5 * time.Second
	// crowdFull is the number of nodes that an announcement can be spaced for; see announceGap.
	crowdFull = 300
	// announceAgain is the longest time between two announcements of a node in a small network, and announceMost in the largest: each
	// adds announceOfPeer for each peer in between. 300 nodes send some seven packets a second, and more nodes as many more.
	announceAgain  = 30 * time.Second
	announceMost   = 90 * time.Second
	announceOfPeer = announceMost / crowdFull
	// peerLife is how long a peer counts as being there after it was last heard: three announcements.
	peerLife = 3 * announceMost
	// roomsAsked is how long after Hurry a round asks for rooms too.
	roomsAsked = 10 * time.Second
	// calledAgain is the shortest time between two calls by name that make a node look for others: each causes ten queries, and the
	// answers of the whole network.
	calledAgain = time.Minute
	// smallLAN is the number of peers up to which frequent queries cost little: each answers each. With more, a node leaves out the
	// quick rounds and looks again after Hurry no sooner than gapOfPeer for each further peer; the last gap is at least lastGapOfPeer
	// for each peer, so that the nodes together ask one question a second of each family, however many there are.
	smallLAN      = 16
	gapOfPeer     = 100 * time.Millisecond
	lastGapOfPeer = time.Second
	// jitterPercent is by how much a gap of the schedule is longer or shorter at most, so that nodes that were started together do
	// not stay in step.
	jitterPercent = 20
)

// Bounds of the rendezvous folder.
const (
	// maxFiles is the number of names that are read from the folder at a time.
	maxFiles = 64
	// maxFileSize is the length of a file, in bytes.
	maxFileSize = 4096
	// rewriteFile is how old a node's file is when it is written again, so that it does not become stale: at every other tendEvery.
	rewriteFile = 45 * time.Second
	// staleFile is the age from which a file counts as that of a node that was killed: four rewrites are missing.
	staleFile = 4 * time.Minute
)

// A step of the schedule: how long a round listens, and the time from its beginning to that of the next round.
type step struct{ listen, gap time.Duration }

// steps is the schedule; its last step is repeated. A round reports its peers when it ends. On a cable, answers come within a few
// milliseconds, so the first rounds are short, and do not wait for answers over Wi-Fi. The first quickSteps rounds find a peer even if
// 30 % of the packets are lost each way.
var steps = [...]step{
	{10 * time.Millisecond, 35 * time.Millisecond},
	{50 * time.Millisecond, 165 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 200 * time.Millisecond},
	{queryWindow, 500 * time.Millisecond},
	{queryWindow, time.Second},
	{queryWindow, 2 * time.Second},
	{queryWindow, 5 * time.Second},
	{queryWindow, 10 * time.Second},
	{queryWindow, 30 * time.Second},
	{queryWindow, 2 * time.Minute},
}

// quickSteps is the number of steps with a gap of at most hurryGap. In a crowd the schedule goes on at crowdStep: those who are there
// say so themselves.
const (
	quickSteps = 6
	crowdStep  = 9
)

// announceGaps are the times from an announcement to the next one, after a start or a change; then come those of announceGap. One of
// three gets through if 30 % of the packets are lost.
var announceGaps = [...]time.Duration{time.Second, 2 * time.Second}

// Bounds and times of a Check.
const (
	// checkListen is how long a Check listens for answers by multicast.
	checkListen = 1500 * time.Millisecond
	// maxAsked is the number of networks, of at most 253 other machines each, whose machines are asked one by one.
	maxAsked = 2
	// askTime is how long machines are asked one by one, and may answer. The machines of a second network are asked after half a
	// second.
	askTime = 1400 * time.Millisecond
	// askBurst is the number of questions that are sent at once; then nothing is sent for askGap. That makes 1000 a second, which
	// overflows no queue on the way.
	askBurst = 10
	askGap   = 10 * time.Millisecond
	// askAgain is the pause before the machines that are there are asked again: longer than an answer takes, and short enough that
	// each is asked several times in askTime.
	askAgain = 270 * time.Millisecond
	// maxPacket is the length of the packets that are read, in bytes: mDNS allows up to a jumbo frame.
	maxPacket = 9000
)

// probeGaps has the pauses after the questions of a Check. Of three questions, one gets through if 30 % are lost each way.
var probeGaps = [...]time.Duration{250 * time.Millisecond, 350 * time.Millisecond, 450 * time.Millisecond}
