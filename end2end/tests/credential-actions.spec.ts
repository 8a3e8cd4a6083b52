import { expect, test } from '../support/fixtures';
import { addBackedUpProject, addCredential, CREDENTIAL, rightKeys } from '../support/prepare';

test('the default moves, and a locked credential is marked and stays out of use', async ({ partner, s3 }) => {
  const { credentials } = partner;
  await addCredential(partner, s3);
  await credentials.add({ ...rightKeys(s3), name: 'Second store' });
  const [first, second] = [credentials.row(CREDENTIAL), credentials.row('Second store')];
  await expect(first).toContainText('Default');

  await test.step('set as default', async () => {
    await second.getByRole('button', { name: 'Expand', exact: true }).click();
    await credentials.button('Set As Default').click();
    await expect(credentials.notice).toContainText('Second store is the default now');
    await expect(second).toContainText('Default');
    await expect(first).not.toContainText('Default');
    await expect(credentials.button('Set As Default')).toHaveCount(0);
  });

  await test.step('lock and unlock', async () => {
    await first.getByRole('button', { name: 'Expand', exact: true }).click();
    await credentials.button('Lock Credential').click();
    await expect(first).toContainText('Locked');
    await expect(credentials.button('Lock Credential')).toHaveCount(0);
    await credentials.button('Set As Default').click();
    await expect(credentials.alert).toContainText('Backup credential is locked');
    for (const action of ['Update Credential', 'Move Endpoint', 'Delete Credential']) {
      await credentials.link(action).click();
      const dialog = credentials.page.getByRole('dialog');
      await expect(dialog.getByRole('alert')).toContainText('Backup credential is locked');
      await expect(dialog.getByRole('textbox')).toHaveCount(0);
      await dialog.getByRole('button', { name: 'Cancel', exact: true }).click();
      await expect(dialog).toHaveCount(0);
    }
    await credentials.button('Unlock Credential').click();
    await expect(first).not.toContainText('Locked');
  });
});

test('an update keeps the secret, and the later of two is told of the earlier', async ({ partner, another, s3 }) => {
  const { credentials } = partner;
  await addCredential(partner, s3);
  const dialog = credentials.dialog('Update Backup Credentials');
  const cookies = await partner.page.context().cookies();
  const second = await another();
  await second.page.context().addCookies(cookies);
  await second.credentials.open('?dialog=update&id=1');
  const later = second.credentials.dialog('Update Backup Credentials');
  await expect(later.field('S3 Name')).toHaveValue(CREDENTIAL);

  await credentials.button('Expand').click();
  await credentials.link('Update Credential').click();
  await expect(dialog.field('S3 Secret Key')).toHaveValue('');
  await dialog.fill({ 'S3 Name': 'Renamed store' });
  await dialog.press('Update');
  await expect(credentials.notice).toContainText('Renamed store updated');
  await expect(credentials.row('Renamed store')).toBeVisible();

  await later.fill({ 'S3 Name': 'Other name' });
  await later.press('Update');
  await expect(later.alert).toContainText('changed this backup credential');
  await later.expectErrorAt('S3 Name', /Stored meanwhile: Renamed store/);
  await credentials.open();
  await expect(credentials.row('Renamed store')).toBeVisible();
});

test('only an empty and unlocked credential is deleted', async ({ partner, s3, folders }) => {
  const { credentials, settings } = partner;
  await addBackedUpProject(partner, s3, folders);
  const dialog = credentials.page.getByRole('dialog');

  await credentials.open('?expand=1');
  await credentials.link('Delete Credential').click();
  await expect(dialog.getByRole('alert')).toContainText('Backup credential is used by 1 project(s)');
  await expect(dialog.getByRole('button', { name: 'Delete Credential', exact: true })).toHaveCount(0);
  await dialog.getByRole('link').click();
  await expect(settings.page).toHaveURL(/\/projects\/1\/settings$/);

  await settings.save(false);
  await settings.question.press('Disable Backup');
  await expect(settings.notice).toContainText('Backup disabled');

  await credentials.open('?dialog=delete&id=1');
  await dialog.getByRole('button', { name: 'Delete Credential', exact: true }).click();
  await expect(credentials.notice).toContainText('deleted');
  await expect(credentials.page.getByText('No backup credentials yet')).toBeVisible();
});

test('a locked project keeps its settings, and is deleted after its name was typed', async ({
  partner,
  s3,
  folders,
}) => {
  const { settings, projects } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await settings.open(project);

  await test.step('locked', async () => {
    await settings.button('Lock Project').click();
    await expect(settings.notice).toContainText('locked');
    await expect(settings.button('Save')).toBeDisabled();
    await settings.button('Unlock Project').click();
    await expect(settings.button('Save')).toBeEnabled();
  });

  await test.step('deleted', async () => {
    await settings.link('Delete Project').click();
    const dialog = settings.dialog(/^Delete project/);
    await dialog.fill({ 'Type the name to confirm': 'web' });
    await dialog.press('Delete Project');
    await dialog.expectErrorAt('Type the name to confirm', /web-shop/);
    await dialog.fill({ 'Type the name to confirm': 'web-shop' });
    await dialog.press('Delete Project');
    await projects.expectAddress(/\/projects$/);
    await expect(projects.notice).toContainText('Its backups stay in the bucket');
    await expect(projects.row('web-shop')).toHaveCount(0);
  });
});
