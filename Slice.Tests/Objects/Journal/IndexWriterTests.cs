using Microsoft.Extensions.Time.Testing;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>A fault on the journal's thread costs the index until it is written anew, and never the process.</summary>
public sealed class IndexWriterTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _path = new("index-writer");
    private readonly CacheDirectory _directory;
    private readonly DiskUse _writing;
    private readonly IndexJournal _journal;
    private readonly IndexWriter _writer;
    private volatile Exception? _fault;
    private volatile int _reports;

    public IndexWriterTests()
    {
        _directory = CacheDirectory.Open(_path.Path);
        _writing = new DiskUse(_time);
        var pending = new PendingRecords();
        _writer = new IndexWriter(pending, new IndexFiles(_directory, current: null, long.MaxValue), new ObjectIndex(), _writing, _time)
        {
            MinRewriteBytes = 0,
            AreFilesInPlace = () => _fault is { } fault ? throw fault : true,
            BeginAnew = static () => { },
            Faulted = _ => Interlocked.Increment(ref _reports),
        };
        _journal = new IndexJournal(pending, _writer, new PurgesInForce());
    }

    public void Dispose()
    {
        _journal.Dispose();
        _directory.Dispose();
        _path.Dispose();
    }

    // A stale handle of NFS and a bug of ours are the same to the thread.
    [Theory]
    [Trait("Behaviour", "B46")]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(InvalidOperationException))]
    public async Task Fault_costs_the_index_until_after_the_pause_and_is_told_once(Type kind)
    {
        var fault = (Exception)Activator.CreateInstance(kind)!;
        _fault = fault;
        _writer.Start();
        Assert.False(await FlushAsync());
        await Eventually.TrueAsync(() => _reports == 1, "the fault is told");

        // Tried again, and the same.
        _time.Advance(DiskUse.Pause);
        Assert.False(await FlushAsync());
        Assert.Equal(1, _reports);

        _fault = null;
        _time.Advance(DiskUse.Pause);
        Assert.True(await FlushAsync());
        Assert.True(File.Exists(_directory.IndexPath));

        // The thread looks at the files when it is woken, and each second.
        _fault = fault;
        await FlushAsync();
        await Eventually.TrueAsync(() => _reports == 2, "the next fault is told");
        Assert.False(await FlushAsync());

        // It says nothing about the slices, which go on being stored.
        Assert.False(_writing.IsStopped);
    }

    // The index and the slices are different files: that one can be written says nothing about the others.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Index_that_is_written_does_not_say_that_slices_can_be()
    {
        _writing.Failed(new IOException("a segment"));
        _writer.Start();
        Assert.True(await FlushAsync());
        await Deadline.WithinAsync(Task.Run(_journal.Dispose, TestContext.Current.CancellationToken), "the journal ends");
        Assert.True(_writing.IsStopped);
    }

    [Fact]
    public async Task End_after_a_fault_ends_the_thread_and_answers_who_waits()
    {
        _fault = new InvalidOperationException();
        _writer.Start();
        await Eventually.TrueAsync(() => _reports == 1, "the fault is told");
        var flush = _journal.FlushAsync();

        await Deadline.WithinAsync(Task.Run(_journal.Dispose, TestContext.Current.CancellationToken), "the journal ends");

        Assert.False(await flush);
        Assert.False(await FlushAsync());
    }

    private Task<bool> FlushAsync() => Deadline.WithinAsync(_journal.FlushAsync().AsTask(), "a flush");
}
