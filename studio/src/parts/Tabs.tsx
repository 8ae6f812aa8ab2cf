import "./tabs.css";

export interface Tab {
  id: string;
  label: string;
  href: string;
}

/** Tabs that are places, so that the browser's back button works: links, of which one is where we are. */
export function Tabs({ label, tabs, selected }: { label: string; tabs: readonly Tab[]; selected: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.id} href={tab.href} aria-current={tab.id === selected ? "page" : undefined}>{tab.label}</a>
      ))}
    </nav>
  );
}
