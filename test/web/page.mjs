// What a person does on the page.

/** Creates a room in the lobby. */
export async function create(page, name, nick) {
  await page.getByRole('button', { name: 'Create a room' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create a room' });
  await dialog.getByLabel('Name of the room').fill(name);
  await dialog.getByLabel('Your name there').fill(nick);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

export async function say(page, text) {
  await page.getByRole('textbox', { name: /^Your line/ }).fill(text);
  await page.keyboard.press('Enter');
}

export const line = (page, text) => page.getByRole('log').locator('.text', { hasText: text });
