export function RunScreen({ name, tab }: { name: string; tab: string }) {
  return <div class="screen"><h1>{name}</h1><p>{tab}</p></div>;
}
