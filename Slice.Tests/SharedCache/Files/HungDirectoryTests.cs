using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>
/// A mount that hangs: its calls come back when it likes, and cannot be ended. Here they are work of the test on the store's threads.
/// </summary>
public sealed class HungDirectoryTests
{
    private const string Key = "pslice:s:1";
    private const int Threads = 2;
    private const int MaxWaiting = 4;
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_of_the_caller_ends_the_wait_and_a_full_line_refuses_the_next_at_once()
    {
        await using var directory = new SharedDirectory();
        var threads = new FileThreads("the shared directory", Threads, MaxWaiting);
        var store = directory.Open(threads: threads);
        int told = 0;
        store.Told = () => Interlocked.Increment(ref told);
        using var mount = new ManualResetEventSlim();
        var hung = Hang(threads, mount);
        using var deadline = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, MaxWaiting).Select(_ => store.GetAsync(Key, deadline.Token).AsTask()).ToArray();
        await deadline.CancelAsync();
        foreach (var one in waiting)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Deadline.WithinAsync(one, "the end of the wait"));
        }

        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(Key, Ct));
        Assert.Equal("the shared directory is busy: 4 operations wait for it, 2 are under way", error.Message);

        mount.Set();
        await Deadline.WithinAsync(Task.WhenAll(hung), "the mount to answer");
        await Eventually.TrueAsync(() => threads.TryPost(() => { }), "room in the line");
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await store.GetAsync(Key, Ct) is null;
                }
                catch (KeyValueStoreException)
                {
                    return false;
                }
            },
            () => "an answer");
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Memory_of_a_caller_who_has_left_is_not_read_any_more()
    {
        await using var directory = new SharedDirectory();
        var threads = new FileThreads("the shared directory", Threads, MaxWaiting);
        var store = directory.Open(threads: threads);
        using var mount = new ManualResetEventSlim();
        var hung = Hang(threads, mount);
        byte[] value = "of the caller"u8.ToArray();
        var setting = store.SetAsync(Key, value, s_minute, Ct).AsTask();
        Array.Clear(value);
        mount.Set();
        await Deadline.WithinAsync(setting, "the value to be set");
        using var read = await store.GetAsync(Key, Ct);
        Assert.Equal("of the caller"u8, read!.Bytes.Span);
        await Task.WhenAll(hung);
    }

    [Fact]
    public async Task Copies_that_wait_to_be_written_have_a_limit()
    {
        await using var directory = new SharedDirectory();
        var threads = new FileThreads("the shared directory", Threads, MaxWaiting);
        var store = directory.Open(threads: threads, sizeBytes: 1L << 40);
        using var mount = new ManualResetEventSlim();
        var hung = Hang(threads, mount);
        byte[] value = new byte[ValueFiles.MaxValueBytes];
        using var deadline = new CancellationTokenSource();
        var setting = Enumerable.Range(0, 2).Select(_ => store.SetAsync(Key, value, s_minute, deadline.Token).AsTask()).ToArray();
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(Key, value, s_minute, Ct));
        Assert.Contains("bytes wait to be written", error.Message, StringComparison.Ordinal);

        await deadline.CancelAsync();
        mount.Set();
        await Task.WhenAll(hung);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await store.SetAsync(Key, value, s_minute, Ct);
                    return true;
                }
                catch (KeyValueStoreException)
                {
                    return false;
                }
            },
            () => "the copies of those who left to be given back");
        Assert.All(setting, one => Assert.True(one.IsCanceled));
    }

    [Fact]
    public async Task End_of_the_store_does_not_wait_for_ever()
    {
        await using var directory = new SharedDirectory();
        var threads = new FileThreads("the shared directory", Threads, MaxWaiting);
        var store = directory.Open(threads: threads);
        using var mount = new ManualResetEventSlim();
        var hung = Hang(threads, mount);
        var waiting = store.GetAsync(Key, Ct).AsTask();
        await Deadline.WithinAsync(store.DisposeAsync().AsTask(), "the end");
        var error = await Assert.ThrowsAsync<KeyValueStoreException>(() => waiting);
        Assert.Equal("the shared directory is closed", error.Message);
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(Key, Ct));
        mount.Set();
        await Deadline.WithinAsync(Task.WhenAll(hung), "the mount to answer");
    }

    [Fact]
    public async Task End_of_the_store_leaves_no_file_of_the_instance()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, new byte[10], s_minute, Ct);
        await Eventually.TrueAsync(() => store.Janitor.Last is not null, "the first pass");
        await store.DisposeAsync();
        Assert.Empty(Directory.GetFiles(directory.Combine(DirectoryLayout.Instances)));
        Assert.False(File.Exists(directory.Combine(DirectoryLayout.JanitorLock)));
    }

    [Fact]
    public async Task Work_that_throws_leaves_the_thread_for_others()
    {
        var threads = new FileThreads("the shared directory", maxThreads: 1, maxWaiting: 1);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => threads.RunAsync<int>(() => throw new InvalidOperationException("no"), input: null, Ct));
        Assert.Equal(7, await threads.RunAsync(() => 7, input: null, Ct));
        await threads.CloseAsync(Deadline.Default);
    }

    private static Task<bool>[] Hang(FileThreads threads, ManualResetEventSlim mount)
    {
        using var begun = new CountdownEvent(Threads);
        var hung = Enumerable.Range(0, Threads).Select(_ => threads.RunAsync(
            () =>
            {
                begun.Signal();
                mount.Wait(CancellationToken.None);
                return true;
            },
            input: null,
            CancellationToken.None)).ToArray();
        Assert.True(begun.Wait(Deadline.Default, Ct));
        return hung;
    }
}
