// The main job, across faces and hosts.

import assert from 'node:assert/strict';
import { Program, browser, open, picture, portrait, test, web } from './harness.mjs';
import { create, line, say } from './page.mjs';

test('a room across pages and a console', async () => {
  const [alice, bob] = await Promise.all([web('a'), web('b')]);
  const [onA, onB] = await Promise.all([browser('a'), browser('b')]);
  const a = await open(onA, alice.link);
  assert.equal(await a.evaluate(() => location.href), `${alice.origin}/`, 'the token stays in the address bar');
  await create(a, 'lab', 'alice');

  // Bob's page shows the room by itself. He knocks, and alice lets him in.
  const b = await open(onB, bob.link);
  await b.getByRole('button', { name: 'Join lab' }).waitFor();
  await b.getByRole('button', { name: 'Create a room' }).click();
  await b.getByLabel('Name of the room').fill('Lab');
  await b.getByText('A room called lab is already on this network, owned by alice').waitFor();
  await b.getByLabel('Name of the room').fill('lab2');
  await b.getByText('A room called lab is already on this network').waitFor({ state: 'hidden' });
  await b.getByRole('button', { name: 'Cancel' }).click();
  await b.getByLabel('Your name', { exact: true }).fill('bob');
  await b.getByRole('button', { name: 'Join lab' }).click();
  await a.getByRole('button', { name: /^Let .*bob/ }).waitFor();
  await picture(a, 'knock');
  await a.getByRole('button', { name: /^Let .*bob/ }).click();
  await b.getByRole('heading', { level: 1, name: 'lab' }).waitFor();

  // Carol has a console.
  const carol = new Program('c', ['join', 'lab', '--nick', 'carol', '--plain']);
  await a.getByRole('button', { name: /^Let .*carol/ }).click();
  await carol.sees(/you are in lab, as carol/);

  await say(a, 'welcome, both');
  await line(b, 'welcome, both').waitFor();
  await carol.sees(/<alice> welcome, both/);
  await say(b, 'hello from a page');
  await carol.sees(/<bob> hello from a page/);
  carol.type('and from a console');
  await line(a, 'and from a console').waitFor();
  await line(b, 'and from a console').waitFor();

  // A reload in the middle of it loses nothing.
  await b.reload();
  await b.getByRole('heading', { level: 1, name: 'lab' }).waitFor();
  for (const text of ['welcome, both', 'hello from a page', 'and from a console']) await line(b, text).waitFor();
  await say(b, 'still here');
  await line(a, 'still here').waitFor();
  await line(b, 'still here').waitFor();
  assert.equal(await line(b, 'still here').count(), 1);

  // A direct message is there after a reload of either page, between the lines where it was sent.
  await say(a, '/msg bob for you alone');
  await line(b, 'for you alone').waitFor();
  await say(b, 'and a line after it');
  for (const [page, tag] of [[a, 'only to bob'], [b, 'only to you']]) {
    await line(page, 'and a line after it').waitFor();
    await page.reload();
    await line(page, 'for you alone').waitFor();
    await page.getByRole('log').getByText(tag).waitFor();
    const texts = await page.locator('.log .text').allTextContents();
    assert.deepEqual(texts.slice(-2), ['for you alone', 'and a line after it']);
  }
  await picture(a, 'room');
  await portrait(a, 'page');

  // Bob goes away, and alice is told when she writes to him alone.
  await b.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await b.getByRole('button', { name: 'I am away…' }).click();
  await b.getByLabel('Why, or until when').fill('lunch');
  await b.getByRole('button', { name: 'I am away', exact: true }).click();
  await a.locator('people-pane').getByRole('button', { name: /^bob .*away: lunch/ }).waitFor();
  await a.getByRole('textbox', { name: /^Your line/ }).fill('/msg bob psst');
  await a.keyboard.press('Enter');
  await a.getByText('bob is away: lunch').first().waitFor();
  await b.getByRole('textbox', { name: /^Your line/ }).fill('/back');
  await b.keyboard.press('Enter');
  await a.locator('people-pane').getByRole('button', { name: /^bob$/ }).waitFor();

  // Bob takes another name. Alice's is taken, and he is offered one that is free.
  await b.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await b.getByRole('button', { name: 'Change your name…' }).click();
  const named = b.getByRole('dialog', { name: 'Change your name' });
  await named.getByLabel('Your name in this room').fill('Alice');
  await named.getByRole('button', { name: 'Change', exact: true }).click();
  await named.getByText('is taken in lab').waitFor();
  await named.getByRole('button', { name: 'Take Alice2' }).click();
  await named.getByLabel('Your name in this room').fill('bobby');
  await named.getByRole('button', { name: 'Change', exact: true }).click();
  await b.getByText('You are bobby now').first().waitFor();
  await a.getByText('bob is bobby now').first().waitFor();
  await carol.sees(/bob is bobby now/);
  await say(a, 'welcome, bobby');
  await b.locator('.calls .text', { hasText: 'welcome, bobby' }).waitFor();
  await b.getByRole('textbox', { name: /^Your line/ }).fill('/nick bob');
  await b.keyboard.press('Enter');
  await b.getByRole('dialog', { name: 'Change your name' }).getByRole('button', { name: 'Change', exact: true }).click();
  await b.getByText('try again in').first().waitFor();
  await b.keyboard.press('Escape');

  // Alice mutes him, with a reason, and his page tells him. Then she lets him be heard again.
  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Mute…' }).click();
  const mute = a.getByRole('dialog', { name: 'Mute bobby in lab?' });
  await mute.getByLabel('Why').fill('let carol finish');
  await mute.getByRole('button', { name: 'Mute bobby' }).click();
  await b.getByText(/You are muted by alice until .*let carol finish/).first().waitFor();
  await carol.sees(/bobby was muted by alice/);
  await picture(b, 'muted');
  await a.locator('people-pane').getByRole('button', { name: 'bobby muted' }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Unmute' }).click();
  await b.getByText('You are no longer muted').first().waitFor();
  await say(b, 'heard again');
  await line(a, 'heard again').waitFor();

  // She warns him, and nobody else reads it. Then only members with a voice may talk, and he asks for one.
  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Warn…' }).click();
  await a.getByRole('dialog', { name: 'Warn bobby?' }).getByLabel('What about').fill('mind your words');
  await a.getByRole('dialog', { name: 'Warn bobby?' }).getByRole('button', { name: 'Warn bobby' }).click();
  await b.getByText('alice warns you: mind your words').first().waitFor();
  await a.locator('people-pane').getByRole('button', { name: /^bobby .*warned 1×/ }).waitFor();
  await a.getByRole('button', { name: 'Rules of the room' }).click();
  await a.getByLabel('Who may talk').selectOption('voiced');
  await a.getByRole('dialog').getByRole('button', { name: 'Change', exact: true }).click();
  await carol.sees(/alice changed who may talk/);
  await b.getByRole('textbox', { name: /^Your line/ }).fill('/hand');
  await b.keyboard.press('Enter');
  await a.locator('people-pane').getByRole('button', { name: /^bobby .*asks for a voice/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Give the floor' }).click();
  await b.getByText(/You have a voice/).first().waitFor();
  await say(b, 'with the floor');
  await line(a, 'with the floor').waitFor();

  // Alice makes him a deputy, and he mutes carol, who is told by whom and for whom. Then he is one no more.
  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Make a deputy' }).click();
  await b.getByText('You are a deputy of this room').first().waitFor();
  await carol.sees(/bobby is a deputy now/);
  await b.locator('people-pane').getByRole('button', { name: /^carol/ }).click();
  await b.getByRole('dialog', { name: 'carol' }).getByRole('button', { name: 'Mute…' }).click();
  await b.getByRole('dialog', { name: 'Mute carol in lab?' }).getByRole('button', { name: 'Mute carol' }).click();
  await carol.sees(/you were muted in lab by bobby, for alice/);
  await b.getByText(/carol has been told, and everybody has applied it/).waitFor();
  await a.getByText('carol was muted by bobby, for alice').first().waitFor();
  await b.locator('people-pane').getByRole('button', { name: /^carol .*muted/ }).click();
  await b.getByRole('dialog', { name: 'carol' }).getByRole('button', { name: 'Unmute' }).click();
  await carol.sees(/you are no longer muted/);

  // He warns her, and gives her a voice. He is offered nothing that he may not do, and is told what he loses if he leaves.
  await say(b, '/warn carol you too');
  await b.getByRole('dialog', { name: 'Warn carol?' }).getByRole('button', { name: 'Warn carol' }).click();
  await carol.sees(/bobby, for alice, warns you in lab: you too/);
  await b.locator('people-pane').getByRole('button', { name: /^carol/ }).click();
  await b.getByRole('dialog', { name: 'carol' }).getByRole('button', { name: 'Give a voice' }).click();
  await carol.sees(/you have a voice/);
  await b.locator('people-pane').getByRole('button', { name: /^alice/ }).click();
  await b.getByRole('dialog', { name: 'alice' }).getByText('Owner of this room').waitFor();
  assert.equal(await b.getByRole('dialog', { name: 'alice' }).getByRole('button', { name: /Mute|Warn|Remove|voice/ }).count(), 0);
  await b.keyboard.press('Escape');
  await b.getByRole('button', { name: 'Leave', exact: true }).click();
  await b.getByText('When you leave, you are none any more').waitFor();
  await b.keyboard.press('Escape');
  await a.getByRole('button', { name: 'Rules of the room' }).click();
  await a.getByLabel('Who may talk').selectOption('all');
  await a.getByRole('dialog').getByRole('button', { name: 'Change', exact: true }).click();
  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'No longer a deputy' }).click();
  await b.getByText('You are no longer a deputy of this room').first().waitFor();

  // Alice kicks him, with a reason, and his page tells him.
  await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
  await a.getByRole('dialog', { name: 'bobby' }).getByRole('button', { name: 'Remove…' }).click();
  const kick = a.getByRole('dialog', { name: 'Remove bobby from lab?' });
  await kick.getByLabel('Why').fill('this is no market');
  await picture(a, 'kick');
  await kick.getByRole('button', { name: 'Remove bobby' }).click();
  const gone = b.getByRole('alert').filter({ hasText: 'You were removed from lab' });
  await gone.getByText('this is no market').waitFor();
  await gone.getByText('alice').waitFor();
  assert.equal(await b.getByText('welcome, both').count(), 0, 'the room is not cleared');
  await picture(b, 'removed');
  await portrait(b, 'removed');
  await carol.sees(/bobby was kicked by alice/);
  await a.getByRole('log').getByText('bobby was kicked by alice').waitFor();
  await a.locator('people-pane').getByRole('heading', { name: 'People (2)' }).waitFor(); // before that, the buttons below move

  // The log says who did what.
  await a.getByRole('button', { name: 'What was done' }).click();
  const audit = a.getByRole('dialog', { name: 'What was done' });
  await audit.getByText('alice kicked bobby: this is no market').waitFor();
  await audit.getByText('bob became bobby').waitFor();
  await audit.getByText('alice created the room').waitFor();
  await a.keyboard.press('Escape');

  // He asks to come back, and is turned away with a reason.
  await gone.getByRole('button', { name: 'Ask to come back' }).click();
  await a.getByRole('button', { name: /^Turn .*bob/ }).click();
  const deny = a.getByRole('dialog', { name: 'Turn bobby away?' });
  await deny.getByLabel('Why').fill('not today');
  await deny.getByRole('button', { name: 'Turn away' }).click();
  await b.getByRole('alert').filter({ hasText: 'not today' }).waitFor();
  assert.deepEqual([...a.faults, ...b.faults], []);
});

test('a room is given away in the page', async () => {
  const [alice, bob] = await Promise.all([web('a'), web('b')]);
  const [a, b] = await Promise.all([open(await browser('a'), alice.link), open(await browser('b'), bob.link)]);
  await create(a, 'den', 'alice');
  await b.getByRole('button', { name: 'Join den' }).waitFor();
  await b.getByLabel('Your name', { exact: true }).fill('bob');
  await b.getByRole('button', { name: 'Join den' }).click();
  await a.getByRole('button', { name: /^Let .*bob/ }).click();
  await b.getByRole('heading', { level: 1, name: 'den' }).waitFor();

  const offer = async () => {
    await a.locator('people-pane').getByRole('button', { name: /^bob/ }).click();
    await a.getByRole('dialog', { name: 'bob' }).getByRole('button', { name: 'Give them the room…' }).click();
    await a.getByRole('dialog', { name: 'Give den to bob?' }).getByRole('button', { name: 'Offer it to bob' }).click();
    await b.getByText('alice offers you this room, until').waitFor();
  };
  // It is taken back; then it is offered again, and a page that is opened later has the card too.
  await offer();
  await picture(b, 'offer');
  await a.getByRole('button', { name: 'Take the offer back' }).click();
  await b.getByRole('button', { name: 'Take the room' }).waitFor({ state: 'hidden' });
  await offer();
  await b.reload();
  await b.getByRole('button', { name: 'Take the room' }).click();
  await b.getByText('You own this room now').first().waitFor();
  await a.getByText('alice gave the room to bob, who owns it now').first().waitFor();

  // What only an owner may do is on bob's page now, and no longer on alice's.
  await b.locator('people-pane').getByRole('button', { name: 'Close the room' }).waitFor();
  await a.locator('people-pane').getByRole('button', { name: 'Close the room' }).waitFor({ state: 'detached' });
  await b.locator('people-pane').getByRole('button', { name: /^alice/ }).click();
  await b.getByRole('dialog', { name: 'alice' }).getByRole('button', { name: 'Remove…' }).click();
  await b.getByRole('dialog', { name: 'Remove alice from den?' }).getByRole('button', { name: 'Remove alice' }).click();
  await a.getByRole('alert').filter({ hasText: 'You were removed from den' }).getByText('bob').waitFor();
  assert.deepEqual([...a.faults, ...b.faults], []);
});
