using System.Globalization;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// A directory that several machines have mounted (NFS, GlusterFS, any POSIX file system), as the store that they share. Thread-safe.
/// </summary>
/// <remarks>
/// Values are files that appear whole under their names and never change afterwards but for their lifetime; their age is told by the
/// file server's clock alone. Nothing in the directory is a wait: a mount that hangs takes the threads of this store and no others.
/// <see cref="DirectoryLayout"/> tells where everything stands, <see cref="Janitor"/> how it is kept in order.
/// </remarks>
public sealed class DirectoryStore : IKeyValueStore
{
    // What an ordinary server of NFS works on at once for one client; arbitrary.
    private const int Threads = 8;
    private const int MaxWaiting = 256;

    // How long the path may lead to another directory, because something was mounted there, before that is noticed.
    private static readonly TimeSpan s_checkInterval = TimeSpan.FromSeconds(10);

    // What a hung mount costs the end of the process, twice.
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly bool _laysOut;
    private readonly string _instance = Guid.NewGuid().ToString("N")[..16];
    private readonly long _sizeBytes;
    private readonly TimeProvider _time;
    private readonly FileThreads _threads;
    private readonly FileImages _images = new();
    private readonly DirectoryBudget _budget;
    private readonly ValueFiles _values;
    private readonly CounterFiles _counters;
    private readonly Lock _openGate = new();
    private OpenDirectory? _directory;
    private long _checkedAt;
    private int _isTroubled;
    private long _notKept;

    /// <summary>A store over <see cref="SharedCacheOptions.Directory"/>, which is opened when it is asked first.</summary>
    /// <param name="options">What the operator says of it.</param>
    /// <param name="time">When the janitor comes. The age of values is a matter of the file server.</param>
    /// <param name="laysOut">
    /// Whether an empty directory is laid out; else the operations fail. Who only looks would make what then belongs to him.
    /// </param>
    /// <exception cref="ArgumentException">There is no directory.</exception>
    public DirectoryStore(SharedCacheOptions options, TimeProvider time, bool laysOut = true)
        : this(options, time, new FileThreads($"the shared directory {options.Directory}", Threads, MaxWaiting), laysOut)
    {
    }

    /// <summary>The same over given threads, which it owns.</summary>
    internal DirectoryStore(SharedCacheOptions options, TimeProvider time, FileThreads threads, bool laysOut = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Directory);
        (_path, _laysOut) = (options.Directory, laysOut);
        _sizeBytes = options.DirectorySizeBytes;
        _time = time;
        _threads = threads;
        _budget = new DirectoryBudget(options.DirectorySizeBytes, time);
        var writer = new FileWriter(_instance, options.FlushesDirectory);
        _values = new ValueFiles(writer);
        _counters = new CounterFiles(writer);
        Janitor = new Janitor(Current, _instance, writer, _counters, _budget, time);
    }

    /// <inheritdoc/>
    public string Name => $"directory {_path}";

    /// <summary>Called when the directory works again after it did not: there is nobody else who could tell.</summary>
    public Action? Told { get; set; }

    /// <summary>False: files tell nobody anything.</summary>
    public bool CanTell => false;

    /// <summary>False: the janitor takes counters away that nobody has used for longer than any value lives.</summary>
    public bool LosesSome => false;

    /// <inheritdoc/>
    public bool GivesBeginnings => true;

    /// <summary>Who keeps it in order.</summary>
    internal Janitor Janitor { get; }

    /// <inheritdoc/>
    public async ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct) =>
        await GetBeginningAsync(key, ValueFiles.MaxValueBytes, ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<LeasedValue?> GetBeginningAsync(string key, int lengthBytes, CancellationToken ct) =>
        await RunAsync(directory => ValueFiles.Read(directory, key, lengthBytes), input: null, isGoneWhenStale: true, ct)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    /// <exception cref="NoRoomException">
    /// The janitor has not come for so long that the directory could become larger than it may.
    /// </exception>
    /// <exception cref="KeyValueStoreException">The directory does not work, or the value is longer than 64 MiB.</exception>
    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Check(value);
        if (!_budget.TryTake(ValueHeader.Bytes + value.Length))
        {
            Interlocked.Increment(ref _notKept);
            Janitor.Press();

            // What was there before must not stay in the place of what is newer.
            await RemoveAsync(key, ct).ConfigureAwait(false);
            throw new NoRoomException("no room until the directory is cleaned up: more was written since than directory_size lets in");
        }

        var image = _images.Copy(key, value.Span, Bounded(lifetime), _budget);
        await RunAsync(
            directory =>
            {
                _values.Set(directory, key, image.Span);
                return true;
            },
            image,
            isGoneWhenStale: false,
            ct).ConfigureAwait(false);
        Janitor.Press();
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        Check(value);

        // A value that is added says who may do something: it is not forgotten for want of room.
        bool isCounted = _budget.TryTake(ValueHeader.Bytes + value.Length);
        var image = _images.Copy(key, value.Span, Bounded(lifetime), isCounted ? _budget : null);
        bool isAdded = await RunAsync(
            directory => _values.TryAdd(directory, key, image.Span), image, isGoneWhenStale: false, ct).ConfigureAwait(false);
        Janitor.Press();
        return isAdded;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        Check(value);
        var image = _images.Copy(key, value.Span, Bounded(lifetime), budget: null);
        return await RunAsync(
            directory => _values.TryRenew(directory, key, image.Span), image, isGoneWhenStale: true, ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(string key, CancellationToken ct) => await RunAsync(
        directory =>
        {
            ValueFiles.Remove(directory, key);
            return true;
        },
        input: null,
        isGoneWhenStale: true,
        ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct) =>
        await RunAsync(directory => _counters.Increment(directory, key, first, addend), input: null, isGoneWhenStale: false, ct)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct) =>
        await RunAsync(directory => _counters.Ensure(directory, key, first), input: null, isGoneWhenStale: false, ct)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<long> ReadCounterAsync(string key, CancellationToken ct) =>
        await RunAsync(directory => _counters.Read(directory, key), input: null, isGoneWhenStale: false, ct).ConfigureAwait(false);

    /// <summary>Does nothing.</summary>
    public ValueTask TellAsync(CancellationToken ct) => ct.IsCancellationRequested ? ValueTask.FromCanceled(ct) : default;

    /// <summary>The file system with its free space, and what the janitor has found.</summary>
    public async ValueTask<string> DescribeAsync(CancellationToken ct) =>
        await RunAsync(Describe, input: null, isGoneWhenStale: false, ct).ConfigureAwait(false);

    /// <summary>Ends the janitor and the threads; waits for a mount that hangs no longer than some seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        await Janitor.DisposeAsync().ConfigureAwait(false);
        try
        {
            // Real time: the threads wait for a real file system.
            await _threads.RunAsync(RemoveOwnFile, input: null, CancellationToken.None).WaitAsync(s_longestEnd).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or KeyValueStoreException)
        {
            // The janitor of another instance removes the file.
        }

        await _threads.CloseAsync(s_longestEnd).ConfigureAwait(false);
        Volatile.Read(ref _directory)?.Root.Dispose();
    }

    private static void Check(ReadOnlyMemory<byte> value)
    {
        if (value.Length > ValueFiles.MaxValueBytes)
        {
            throw new KeyValueStoreException($"a value of {value.Length} bytes is longer than the longest, {ValueFiles.MaxValueBytes}");
        }
    }

    private static TimeSpan Bounded(TimeSpan lifetime) =>
        lifetime > IKeyValueStore.LongestLifetime ? IKeyValueStore.LongestLifetime : lifetime;

    private async Task<T> RunAsync<T>(Func<OpenDirectory, T> work, IDisposable? input, bool isGoneWhenStale, CancellationToken ct)
    {
        try
        {
            return await _threads.RunAsync(() => Work(work, isGoneWhenStale), input, ct).ConfigureAwait(false);
        }
        catch (KeyValueStoreException)
        {
            Volatile.Write(ref _isTroubled, 1);
            throw;
        }
    }

    private T Work<T>(Func<OpenDirectory, T> work, bool isGoneWhenStale)
    {
        try
        {
            var result = WorkTwice(work, isGoneWhenStale);
            if (Interlocked.Exchange(ref _isTroubled, 0) != 0)
            {
                Told?.Invoke();
            }

            return result;
        }
        catch (Exception error) when (error is FileErrorException or KeyValueStoreException)
        {
            // The next one looks where the path leads then. The caller may have left: nobody but this knows then.
            Volatile.Write(ref _checkedAt, 0);
            Volatile.Write(ref _isTroubled, 1);
            if (error is FileErrorException file)
            {
                if (file.Error is FileTrouble.NoEntry or FileTrouble.InputOutput or FileTrouble.NotConnected)
                {
                    // What is open may be removed, and another directory have its number: FUSE gives it out again at once.
                    Volatile.Write(ref _directory, null);
                }

                if (file.Error is FileTrouble.NoSpace or FileTrouble.Quota)
                {
                    _budget.Refused();
                    Janitor.Press();
                }

                throw FileTrouble.Of(_path, file);
            }

            throw;
        }
    }

    // A server of NFS that does not know a file any more may know the one which has its name now.
    private T WorkTwice<T>(Func<OpenDirectory, T> work, bool isGoneWhenStale)
    {
        try
        {
            return work(Current());
        }
        catch (FileErrorException error) when (error.Error == FileTrouble.Stale)
        {
            Volatile.Write(ref _directory, null);
        }

        var directory = Current();
        try
        {
            return work(directory);
        }
        catch (FileErrorException error) when (error.Error == FileTrouble.Stale && isGoneWhenStale)
        {
            return default!;
        }
    }

    // One that is left behind is closed when the last who works in it has ended: its handle is finalized.
    private OpenDirectory Current()
    {
        if (Volatile.Read(ref _directory) is { } directory && IsCheckedLately())
        {
            return directory;
        }

        lock (_openGate)
        {
            if (_directory is { } opened && (IsCheckedLately() || opened.IsStillThere()))
            {
                Volatile.Write(ref _checkedAt, _time.GetTimestamp());
                return opened;
            }

            Volatile.Write(ref _directory, null);
            var fresh = OpenDirectory.Open(_path, _instance, _time, _laysOut);
            Volatile.Write(ref _directory, fresh);
            Volatile.Write(ref _checkedAt, _time.GetTimestamp());
            return fresh;
        }
    }

    private bool IsCheckedLately() =>
        Volatile.Read(ref _checkedAt) is var at and not 0 && _time.GetElapsedTime(at) < s_checkInterval;

    private bool RemoveOwnFile() =>
        Volatile.Read(ref _directory) is { } directory
        && NativeFiles.Remove(directory.Root, $"{DirectoryLayout.Instances}/{_instance}") == 0;

    private string Describe(OpenDirectory directory)
    {
        OpenDirectory.Check("look at", "", NativeFiles.Status(directory.Root, "", out var status));
        string free = "unknown";
        try
        {
            free = Size(new DriveInfo(_path).AvailableFreeSpace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Said as such.
        }

        // Whoever only looks makes no pass of his own.
        string found = (JanitorPass.Read(directory) ?? Janitor.Last) is { } pass
            ? $"{Size(pass.UsedBytes)} of at most {Size(Math.Min(_sizeBytes, pass.SizeBytes))} in {pass.Values} values"
                + $" when {pass.Instances} instances were last cleaned up after"
            : $"at most {Size(_sizeBytes)}, not looked through yet";
        string problem = Janitor.Problem is { } met ? $"; cleaning up: {met}" : "";
        long notKept = Interlocked.Read(ref _notKept);
        string forgotten = notKept > 0 ? $"; {notKept} values not kept for want of room" : "";
        return $"{_path} on {MountTable.Describe(status)}, {free} free; {found}{forgotten}{problem}";
    }

    private static string Size(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / (1L << 30):0.0} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / (1L << 20):0.0} MiB");
}
