namespace Slice.Core.SharedCache;

/// <summary>
/// A place where several instances keep values under keys, each for a while: what is asked of Redis, Memcached or a directory, and nothing
/// more. It may forget any value at any time. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A constructor neither connects nor fails: a store that cannot be reached is tried again when it is asked, so that no instance waits for
/// it at its start. An operation that the store does not carry out throws <see cref="KeyValueStoreException"/>, in a time that does not
/// depend on the peer when it is known to be away. Deadlines are the caller's, and come by the token: the wait ends at once when it is
/// cancelled, whatever becomes of the operation.
/// </para>
/// <para>
/// Keys are 1 to 200 of the characters <c>A-Z a-z 0-9 . _ : - { }</c>, told apart by their case, with the operator's prefix in front. Where
/// there are several servers, those with the same part in braces are at one of them. Lifetimes are above zero and at most
/// <see cref="LongestLifetime"/>; a store that counts seconds rounds up.
/// </para>
/// </remarks>
public interface IKeyValueStore : IAsyncDisposable
{
    /// <summary>
    /// A value of up to so many bytes is short: 16 KiB, arbitrary, is some ten microseconds of a network of 10 Gbit/s.
    /// </summary>
    const int ShortBytes = 16 << 10;

    /// <summary>The longest lifetime of a value: 30 days, beyond which Memcached takes a number for a date.</summary>
    static TimeSpan LongestLifetime { get; } = TimeSpan.FromDays(30);

    /// <summary>What it is and where, for people: <c>redis 10.0.0.5:6379</c>. Without credentials.</summary>
    string Name { get; }

    /// <summary>
    /// Called when another instance has called <see cref="TellAsync"/>, and when a connection that was lost is there again; null for
    /// nobody. Must not wait and must not throw. Set once, before use.
    /// </summary>
    Action? Told { get; set; }

    /// <summary>
    /// Called when one of several servers is away for longer than a moment, with its name and why, and with null when it is back; null for
    /// nobody. The same holds.
    /// </summary>
    Action<string, string?>? ServerChanged
    {
        get => null;
        set { }
    }

    /// <summary>Of several servers, how many are away.</summary>
    int ServersDown => 0;

    /// <summary>Of several servers, whether one is left that has not failed; false for a single one.</summary>
    bool IsPartlyThere => false;

    /// <summary>
    /// Reads the value of a key; null when there is none, or when it is at one of several servers that is known to be away. The caller
    /// disposes the value.
    /// </summary>
    /// <exception cref="KeyValueStoreException">The store did not answer, or answers nonsense; so do the others.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled; so do the others.</exception>
    ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct);

    /// <summary>The same of a value that is probably short: where connections are shared, it does not wait behind long ones.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isSure">
    /// Whether null is to mean that the value is not there. Else it may also mean that it is at one of several servers that is known to be
    /// away, as with <see cref="GetAsync"/>; then that server is a failure here.
    /// </param>
    /// <param name="ct">Ends the wait.</param>
    ValueTask<LeasedValue?> GetShortAsync(string key, bool isSure, CancellationToken ct) => GetAsync(key, ct);

    /// <summary>Whether it reads the beginning of a value without the rest.</summary>
    bool GivesBeginnings => false;

    /// <summary>
    /// Reads the first bytes of a value in the same way, so that they can be sent before the rest has come; the whole value where the store
    /// does not have <see cref="GivesBeginnings"/>.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="lengthBytes">How many, above zero; a value that is shorter comes whole.</param>
    /// <param name="ct">Ends the wait.</param>
    ValueTask<LeasedValue?> GetBeginningAsync(string key, int lengthBytes, CancellationToken ct) => GetAsync(key, ct);

    /// <summary>
    /// Puts a value under a key, in place of any other. Readers find one of the two, whole. The memory is read until the task ends.
    /// </summary>
    /// <exception cref="NoRoomException">The value is not kept for want of room, and there is none under the key.</exception>
    ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct);

    /// <summary>Puts a value under a key that has none; false, and nothing changes, when it has. One of many callers gets true.</summary>
    ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct);

    /// <summary>Gives the value of a key a new lifetime, when it is still this value; false when it is not.</summary>
    ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct);

    /// <summary>Takes a value from its key; nothing when there is none.</summary>
    ValueTask RemoveAsync(string key, CancellationToken ct);

    /// <summary>
    /// Adds to a counter and returns what it is then: <paramref name="first"/> for one that did not exist. Of several callers no two get
    /// the same number. A counter has the longest lifetime from its last use on, and its key is used for nothing else.
    /// </summary>
    /// <param name="key">The counter.</param>
    /// <param name="first">The number of one that did not exist.</param>
    /// <param name="addend">How much is added, above zero: one, or more than 64 for a jump that leaves numbers out.</param>
    /// <param name="ct">Ends the wait.</param>
    ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct);

    /// <summary>
    /// Returns the number of a counter, and makes one that does not exist: it is <paramref name="first"/> then. Several callers get the
    /// same number.
    /// </summary>
    ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct);

    /// <summary>The number of a counter; 0 for one that does not exist.</summary>
    ValueTask<long> ReadCounterAsync(string key, CancellationToken ct);

    /// <summary>
    /// Tells the other instances that there is news, where the store has a way to (<see cref="CanTell"/>); nothing elsewhere. Some may not
    /// hear it.
    /// </summary>
    ValueTask TellAsync(CancellationToken ct);

    /// <summary>Whether it has a way to tell other instances.</summary>
    bool CanTell { get; }

    /// <summary>
    /// Whether it may lose some of what it has and keep the rest: to make room, or as one of its servers begins anew. Counters, too, may
    /// then be gone where what was written under them is there.
    /// </summary>
    bool LosesSome { get; }

    /// <summary>The store in words, for people: its version, what it holds and may hold.</summary>
    ValueTask<string> DescribeAsync(CancellationToken ct);
}
