using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>Where the bytes of a part go that a <see cref="PartReader"/> reads. Used by one reading at a time; not thread-safe.</summary>
internal interface IPartTarget
{
    /// <summary>Bytes taken so far: where the next subrequest goes on.</summary>
    int TakenBytes { get; }

    /// <summary>Where the next bytes are read to; valid until they are taken, or the part ends.</summary>
    Memory<byte> Memory { get; }

    /// <summary>Cancelled when the bytes were still to be asked for and nobody wants them any more.</summary>
    CancellationToken Abandoned { get; }

    /// <summary>Cancelled when a client waits for the bytes; see <see cref="OriginRequest.Wanted"/>.</summary>
    CancellationToken Wanted { get; }

    /// <summary>
    /// The origin is to be asked, for the first time or again. False when nobody wants the bytes; nobody ever gets them then.
    /// </summary>
    bool TryAwait();

    /// <summary>Who asks for the rest after the origin has hung up on <paramref name="current"/> (B51).</summary>
    FetchContext NextToAsk(FetchContext current);

    /// <summary>
    /// The response head is there, and its body is read whoever leaves from now on. False when everybody left before.
    /// </summary>
    bool TryRead();

    /// <summary>
    /// The turn at the origin has come, or a response is open. A failure says why the bytes are not needed, or have no place to go to: then
    /// the origin is not asked.
    /// </summary>
    ValueTask<Failure> PrepareAsync();

    /// <summary>
    /// The next bytes stand in <see cref="Memory"/>, behind <paramref name="startBytes"/> that were taken before. Bytes behind them may be
    /// read meanwhile. A failure ends the reading.
    /// </summary>
    ValueTask<Failure> TakeAsync(int startBytes, int bytes);

    /// <summary>
    /// The origin has answered with the whole object, of the right version, where a part was asked for. Whoever can go on with the response
    /// hands it over; what is left is ended.
    /// </summary>
    void Keep(PermittedResponse whole);

    /// <summary>A body has ended, whole or not: nothing is read to <see cref="Memory"/> until it is asked for again.</summary>
    void EndPart();
}
