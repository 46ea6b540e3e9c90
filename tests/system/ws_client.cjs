// Sends a hundred messages through npm ws and expects each answer and each event, in order.
const WebSocket = require('ws');
const [url, token] = process.argv.slice(2);
const socket = new WebSocket(url, 'chattifier.v1', { headers: { Authorization: `Bearer ${token}` } });
const seen = [];
let answered = 0;
let room;

function fail(why) {
  console.log(why);
  process.exit(1);
}

socket.on('error', (error) => fail(`error ${error.message}`));
socket.on('close', (code) => { if (seen.length < 100) fail(`closed ${code}`); });
socket.on('message', (data, binary) => {
  if (binary) fail('a binary frame');
  const frame = JSON.parse(data);
  if (frame.type === 'ready') {
    socket.send(JSON.stringify({ type: 'room.create', ref: 'make', cid: `make-${Date.now()}`, kind: 'group', name: 'npm' }));
  } else if (frame.type === 'error') {
    fail(JSON.stringify(frame));
  } else if (frame.ref === 'make') {
    room = frame.room;
    for (let i = 0; i < 100; i++) {
      const text = `message ${i} ${'é'.repeat(i)}`;
      socket.send(JSON.stringify({ type: 'message.send', ref: `r${i % 60}x${i}`, room, cid: `cid-${i}-${Date.now()}`, text }));
    }
  } else if (frame.type === 'ok') {
    answered++;
  } else if (frame.type === 'message' && frame.room === room) {
    seen.push(frame);
  }
  if (answered === 100 && seen.length === 100) {
    const ordered = seen.every((m, i) => m.text.startsWith(`message ${i} `) && (i === 0 || m.seq === seen[i - 1].seq + 1));
    console.log(ordered ? '100 of 100 in order' : 'out of order');
    socket.close(1000);
    setTimeout(() => process.exit(ordered ? 0 : 1), 100);
  }
});
