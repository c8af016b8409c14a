namespace Slice.Net.Connections;

/// <summary>Something that a <see cref="DeadlineSweeper"/> looks at once a second.</summary>
internal interface ISwept
{
    /// <summary>Looks, at timestamp <paramref name="now"/> of the clock. On the sweeper's thread; must not block or throw.</summary>
    void Sweep(long now);
}
