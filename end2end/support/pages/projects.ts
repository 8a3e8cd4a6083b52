import { expect, type Locator } from '@playwright/test';

import { ConsolePage } from './console-page';
import type { Form } from './form';

export type Project = { name: string; backup: boolean; schedule?: string } & ({ directory: string } | { connectionUrl: string });

export class ProjectsPage extends ConsolePage {
  async open(query = ''): Promise<void> {
    await this.visit(`/projects${query}`);
    await expect(this.heading('Projects')).toBeVisible();
  }

  get addDialog(): Form {
    return this.dialog('Add Project');
  }

  get search(): Locator {
    return this.page.getByRole('searchbox', { name: 'Search', exact: true });
  }

  async openAddDialog(): Promise<Form> {
    await this.link('Add Project').first().click();
    await expect(this.addDialog.field('Project Name')).toBeVisible();
    return this.addDialog;
  }

  /** Fills in the open dialog and sends it. */
  async send({ name, backup, schedule = 'No schedule yet', ...source }: Project): Promise<void> {
    await this.addDialog.fill(
      'directory' in source
        ? { 'Project Name': name, Source: 'Directory', Directory: source.directory }
        : { 'Project Name': name, Source: 'PostgreSQL', 'Connection URL': source.connectionUrl },
    );
    await this.addDialog.root.getByRole('switch', { name: 'Enable Backup', exact: true }).setChecked(backup);
    if (backup) await this.addDialog.fill({ Schedule: schedule });
    await this.addDialog.press('Create Project');
  }

  /** Creates a project and answers its number. */
  async add(project: Project): Promise<string> {
    await this.openAddDialog();
    await this.send(project);
    await this.expectAddress(project.backup ? /\/projects\/\d+\/policies\?tab=schedules$/ : /\/projects\/\d+$/);
    const id = /\/projects\/(\d+)/.exec(this.page.url())?.[1];
    expect(id).toBeDefined();
    return id ?? '';
  }
}
