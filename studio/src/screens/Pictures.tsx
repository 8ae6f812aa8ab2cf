export function PicturesScreen({ name }: { name: string }) {
  return <div class="screen"><h1>{name}</h1></div>;
}
