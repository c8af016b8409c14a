using System.Globalization;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>
/// Others at work in the same directory: processes that know nothing but its layout, and do what an instance does with the system calls of
/// another language.
/// </summary>
public sealed class DirectoryProcessesTests
{
    private const string Key = "pslice:e";
    private const string Suffix = ".ready";
    private const int Processes = 3;
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    // Counts in a directory: makes the number after the highest, where nobody else has.
    private const string Count = """
        import os, sys, time
        gate, counter, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
        print("ready", flush=True)
        while not os.path.exists(gate):
            time.sleep(0.001)
        for _ in range(times):
            number = max(map(int, os.listdir(counter)))
            while True:
                number += 1
                try:
                    os.close(os.open(f"{counter}/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                    print("got", number, flush=True)
                    break
                except FileExistsError:
                    pass
        print("done", flush=True)
        """;

    // Adds a value under each of the names where none is: links the file that lies beside it.
    private const string Add = """
        import os, sys, time
        gate, suffix, names = sys.argv[1], sys.argv[2], sys.argv[3:]
        print("ready", flush=True)
        while not os.path.exists(gate):
            time.sleep(0.001)
        for name in names:
            try:
                os.link(name + suffix, name)
                print("got", name, flush=True)
            except FileExistsError:
                pass
        print("done", flush=True)
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Number_of_a_counter_is_given_once_among_processes()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        List<long> numbers = [await store.IncrementAsync(Key, 1, Ct)];
        string counter = directory.Combine(DirectoryLayout.CounterOf(Key));
        string gate = directory.Combine("gate");
        using var children = new Children(Enumerable.Repeat<string[]>(["-c", Count, gate, counter, "100"], Processes));
        await children.StartAsync(gate);
        while (!children.AreDone)
        {
            numbers.Add(await store.IncrementAsync(Key, 1, Ct));
        }

        await children.EndedAsync();
        numbers.AddRange(children.Got.Select(number => long.Parse(number, CultureInfo.InvariantCulture)));
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers.Order());
        Assert.Equal(numbers.Max(), await store.ReadCounterAsync(Key, Ct));
    }

    [Fact]
    public async Task One_process_adds_a_value()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, "a value"u8.ToArray(), s_hour, Ct);
        string[] keys = [.. Enumerable.Range(0, 300).Select(number => string.Create(CultureInfo.InvariantCulture, $"{Key}:{number}"))];
        byte[] value = new byte[10];
        byte[] file = new byte[ValueHeader.Bytes + value.Length];
        foreach (string key in keys)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(directory.FileOf(key))!);
            ValueHeader.For(key, s_hour, value.Length).Write(file);
            await File.WriteAllBytesAsync(directory.FileOf(key) + Suffix, file, Ct);
        }

        string gate = directory.Combine("gate");
        using var children = new Children(Enumerable.Repeat<string[]>(
            ["-c", Add, gate, Suffix, .. keys.Select(directory.FileOf)], Processes));
        await children.StartAsync(gate);

        // From the other end, so that all meet.
        List<string> added = [];
        foreach (string key in keys.Reverse())
        {
            if (!File.Exists(directory.FileOf(key)) && await store.TryAddAsync(key, value, s_hour, Ct))
            {
                added.Add(directory.FileOf(key));
            }
        }

        await children.EndedAsync();
        Assert.Equal(keys.Select(directory.FileOf).Order(StringComparer.Ordinal), added.Concat(children.Got).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task One_of_many_takes_the_place_of_a_value_that_is_over()
    {
        await using var directory = new SharedDirectory();
        var stores = Enumerable.Range(0, 3).Select(_ => directory.Open()).ToArray();
        for (int round = 0; round < 40; round++)
        {
            await stores[0].SetAsync(Key, "over"u8.ToArray(), s_hour, Ct);
            SharedDirectory.Age(directory.FileOf(Key), s_hour);
            var cleaning = Task.Run(() => stores[2].Janitor.TryPass(isForced: true), Ct);
            bool[] added = await Task.WhenAll(Enumerable.Range(0, 24).Select(
                index => stores[index % 3].TryAddAsync(Key, new[] { (byte)index }, s_hour, Ct).AsTask()));
            await cleaning;
            Assert.Single(added, true);
            using var read = await stores[0].GetAsync(Key, Ct);
            Assert.Equal(Array.IndexOf(added, true), read!.Bytes.Span[0]);
        }
    }

    [Fact]
    public async Task Lock_of_a_dead_process_keeps_a_value_from_being_replaced_until_the_janitor_comes()
    {
        await using var directory = new SharedDirectory();
        var store = directory.Open();
        await store.SetAsync(Key, "over"u8.ToArray(), s_hour, Ct);
        SharedDirectory.Age(directory.FileOf(Key), s_hour);
        string held = directory.Combine(DirectoryLayout.LockOf(Key));
        await File.WriteAllBytesAsync(held, [], Ct);
        Assert.False(await store.TryAddAsync(Key, "new"u8.ToArray(), s_hour, Ct));

        SharedDirectory.Age(held, TimeSpan.FromMinutes(2));
        await SharedDirectory.CleanUpAsync(store);
        Assert.True(await store.TryAddAsync(Key, "new"u8.ToArray(), s_hour, Ct));
        Assert.False(File.Exists(held));
    }

    /// <summary>Processes of python3 that say <c>ready</c>, <c>got X</c> and <c>done</c>.</summary>
    private sealed class Children(IEnumerable<string[]> commands) : IDisposable
    {
        private readonly ChildProcess[] _all =
            [.. commands.Select(arguments => ChildProcess.Start("python3", arguments, "python3 is in Debian's python3"))];

        public bool AreDone => _all.All(child => child.HasExited || child.Lines.Contains("done"));

        public IEnumerable<string> Got =>
            from child in _all
            from line in child.Lines
            where line.StartsWith("got ", StringComparison.Ordinal)
            select line[4..];

        public async Task StartAsync(string gate)
        {
            foreach (var child in _all)
            {
                await child.ReadyAsync(() => Task.FromResult(child.Lines.Contains("ready")), "it waits at the gate");
            }

            await File.WriteAllBytesAsync(gate, [], Ct);
        }

        public async Task EndedAsync()
        {
            foreach (var child in _all)
            {
                Assert.Equal(0, await child.ExitedAsync());
            }
        }

        public void Dispose() => Array.ForEach(_all, child => child.Dispose());
    }
}
