export function PlayScreen({ name }: { name: string }) {
  return <div class="screen"><h1>{name}</h1></div>;
}
