import path from 'node:path';

import type { Page } from '@playwright/test';

import { barriers, hiddenSideways } from '../support/accessibility';
import { expect, PASSWORD, test, type Folders } from '../support/fixtures';
import { addBackup, CREDENTIAL, rightKeys } from '../support/prepare';
import type { S3Server } from '../support/s3';
import type { Visitor } from '../support/visitor';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Something to look at: its name, and how to get there. */
type View = [name: string, show: () => Promise<unknown>];

for (const scheme of ['light', 'dark'] as const) {
  test(`no barriers in ${scheme} colours`, async ({ visitor, s3, folders, another }, testInfo) => {
    test.setTimeout(240_000);
    const { page } = visitor;
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const pictures = path.join(testInfo.project.outputDir, 'pages', scheme);
    const found: string[] = [];

    async function look(views: View[], on: Page = page): Promise<void> {
      for (const [name, show] of views) {
        await test.step(name, async () => {
          await on.setViewportSize(DESK);
          await show();
          for (const size of [DESK, PHONE]) {
            await on.setViewportSize(size);
            found.push(...(await barriers(on)).map((barrier) => `${name} at ${size.width}: ${barrier}`));
            found.push(...(await hiddenSideways(on)).map((place) => `${name} at ${size.width}: ${place} is too wide`));
            await on.screenshot({ path: path.join(pictures, `${name}-${size.width}.png`), fullPage: true });
          }
        });
      }
    }

    await look(firstRun(visitor));
    await look(empty(visitor));
    const { project } = await addBackup(visitor, s3, folders);
    await look(filled(visitor, project, folders, s3));

    const stranger = await another();
    await stranger.page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await look(outside(stranger), stranger.page);
    expect(found).toEqual([]);
  });
}

function firstRun({ setup }: Visitor): View[] {
  const account = { accountName: 'Example Ltd', organization: 'acme', email: 'partner@example.com' };
  return [
    ['setup', () => setup.open()],
    [
      'setup-errors',
      async () => {
        await setup.createAccount({ ...account, organization: 'a b', password: 'short' });
        await setup.form.expectErrorAt('Password', /12/);
        await setup.ready();
      },
    ],
    [
      'dashboard-empty',
      async () => {
        await setup.createAccount({ ...account, password: PASSWORD });
        await expect(setup.heading('Dashboard')).toBeVisible();
        await setup.ready();
      },
    ],
  ];
}

function empty({ credentials, projects }: Visitor): View[] {
  return [
    ['credentials-empty', () => credentials.open()],
    ['projects-empty', () => projects.open()],
  ];
}

function filled(partner: Visitor, project: string, folders: Folders, s3: S3Server): View[] {
  const { page, dashboard, credentials, projects, settings, policies, browse } = partner;
  const dialog = (address: string, title: string | RegExp): (() => Promise<unknown>) => {
    return async () => {
      await dashboard.visit(address);
      await expect(dashboard.dialog(title).root).toBeVisible();
      await expect(page.getByText('Loading…')).toHaveCount(0);
    };
  };
  const home = `/projects/${project}`;
  return [
    ['dashboard', () => dashboard.open()],
    ['credentials', () => credentials.open('?expand=1')],
    ['credentials-nothing-found', () => credentials.open('?search=nothing')],
    ['credentials-add', dialog('/backup-credentials?dialog=add', 'Add Backup Credentials')],
    [
      'credentials-add-errors',
      async () => {
        await credentials.open('?dialog=add');
        await credentials.send({ ...rightKeys(s3), name: 'ab', secretKey: '' });
        await credentials.addDialog.expectErrorAt('S3 Name', /characters/);
      },
    ],
    ['projects', () => projects.open()],
    [
      'projects-add',
      async () => {
        await projects.open('?dialog=add');
        await projects.addDialog.root.getByRole('switch', { name: 'Enable Backup' }).setChecked(true);
        await projects.addDialog.fill({ Bucket: 'Use an existing bucket' });
        await expect(projects.addDialog.field('Backup Credentials').locator('option:checked')).toContainText(CREDENTIAL);
      },
    ],
    ['project', () => partner.project.open(project, 'web-shop')],
    ['settings', () => settings.open(project)],
    ['settings-disable', dialog(`${home}/settings?dialog=disable`, /^Disable backup of/)],
    ['schedules', () => policies.open(project, 'Schedules')],
    ['schedules-add', dialog(`${home}/policies?tab=schedules&dialog=add`, 'Add Policy')],
    ['schedules-describe', dialog(`${home}/policies?tab=schedules&dialog=describe&id=1`, 'Policy')],
    ['schedules-delete', dialog(`${home}/policies?tab=schedules&dialog=delete&id=1`, 'Delete Policy')],
    ['backups', () => policies.open(project, 'Backups')],
    ['backups-describe', dialog(`${home}/policies?tab=backups&dialog=describe&id=1`, 'Backup')],
    ['backups-restore', dialog(`${home}/policies?tab=backups&dialog=restore&id=1`, 'Restore Backup')],
    ['backups-delete', dialog(`${home}/policies?tab=backups&dialog=delete&id=1`, 'Delete Backup')],
    ['restores-empty', () => policies.open(project, 'Restores')],
    [
      'restores',
      async () => {
        await policies.open(project, 'Backups');
        await policies.restore(/manual-/, { name: 'everything', directory: path.join(folders.root, 'restored') });
      },
    ],
    ['restores-describe', dialog(`${home}/policies?tab=restores&dialog=describe&id=1`, 'Restore')],
    [
      'browse',
      async () => {
        await browse.visit(`${home}/backups/1`);
        await expect(browse.entry('notes.txt')).toBeVisible();
      },
    ],
    [
      'browse-folder',
      async () => {
        await browse.visit(`${home}/backups/1?path=odd%20names`);
        await expect(browse.entry('-dash')).toBeVisible();
      },
    ],
    ['not-found', () => dashboard.visit('/nowhere')],
  ];
}

function outside({ login }: Visitor): View[] {
  return [
    ['login', () => login.open()],
    [
      'login-error',
      async () => {
        await login.signIn('partner@example.com', 'not the password');
        await expect(login.alert).toBeVisible();
        await login.ready();
      },
    ],
  ];
}
