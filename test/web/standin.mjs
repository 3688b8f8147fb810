// What a node that stands in answers.

export const peer = (i) => `12D3KooW${String(i).padStart(44, 'x')}`;

const policy = { access: 'knock', subject: '', idle_s: 21600, retain_s: 86400, history: 'since-join', members_invite: false, hide_reasons: false, slow_s: 0, speak: 'all' };

/**
 * The methods of a node with these rooms, and with these people and lines in the first of them.
 * @param {{rooms?: any[], members?: any[], knocks?: any[], lines?: any[], words?: string}} has
 */
export function answers({ rooms = [], members, knocks = [], lines = [], words = 'fire cute loyal wood practice muscle recall initial' }) {
  const all = rooms.map((r) => ({ owner: peer(0), owner_nick: 'alice', words, access: 'knock', members: 1, subject: '', retain_s: 86400, idle_s: 21600, mine: false, in: false, verified: false, ...r }));
  const people = members ?? ['alice', 'bob', 'carol'].map((nick, i) => ({ peer: peer(i), nick, role: i === 0 ? 'owner' : 'member', present: true, words, self: i === 0, since: new Date().toISOString(), verified: false }));
  return {
    'node.subscribe': (_, c) => {
      for (const r of all.filter((r) => r.in)) c.event('joined', { room: r.id, room_name: r.name, name: r.name, nick: 'alice', epoch: 1, owner: r.mine, resumed: true, retain_s: 86400 });
    },
    'node.info': () => ({ peer: peer(0), nick: 'alice', words, addrs: [], version: 'devel' }),
    'node.shown': () => ({}),
    'node.focus': () => ({}),
    'node.doctor': () => ({ blocked: false, findings: [] }),
    'node.verified': () => ({ verified: [] }),
    'room.list': () => ({ rooms: all }),
    'room.history': () => ({ messages: lines.map((l) => ({ self: false, late: false, action: false, ...l })), directs: [] }),
    'room.members': () => ({ epoch: 1, members: people }),
    'room.knocks': () => ({ knocks }),
    'room.policy': () => policy,
    'room.bans': () => ({ bans: [] }),
    'room.appeals': () => ({ appeals: [] }),
    'room.invites': () => ({ invites: [] }),
  };
}
