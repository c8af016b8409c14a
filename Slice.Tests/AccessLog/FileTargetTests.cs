using System.Runtime.Versioning;
using Slice.Net.AccessLog;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>Files of the access log: appended to and never cut, whatever others do to them.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileTargetTests : IDisposable
{
    private readonly TestDirectory _directory = new("access-log");
    private readonly FileTarget _target;
    private int _linesLost;

    public FileTargetTests() => _target = new FileTarget(LogFile, () => _linesLost++);

    private string LogFile => _directory.Combine("access.log");

    public void Dispose()
    {
        _target.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void LogFileis_made_for_its_user_and_group_alone()
    {
        Write("a\n");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(LogFile));
    }

    [Fact]
    public void Mode_of_a_file_that_is_there_stays()
    {
        File.WriteAllText(LogFile, "earlier\n");
        File.SetUnixFileMode(LogFile, (UnixFileMode)Convert.ToInt32("644", 8));
        Write("a\n");
        Assert.Equal("earlier\na\n", File.ReadAllText(LogFile));
        Assert.Equal((UnixFileMode)Convert.ToInt32("644", 8), File.GetUnixFileMode(LogFile));
    }

    [Fact]
    public void LogFilecut_by_somebody_else_has_no_hole()
    {
        Write("first\n");
        using (var file = File.OpenWrite(LogFile))
        {
            file.SetLength(0);
        }

        Write("second\n");
        Assert.Equal("second\n", File.ReadAllText(LogFile));
    }

    [Fact]
    public void Deleted_file_is_made_anew()
    {
        Write("first\n");
        File.Delete(LogFile);
        Write("second\n");
        Assert.Equal("second\n", File.ReadAllText(LogFile));
    }

    [Fact]
    public void LogFilethat_was_moved_is_written_to_until_it_is_opened_again()
    {
        string moved = LogFile + ".1";
        Write("first\n");
        File.Move(LogFile, moved);
        Write("second\n");
        Assert.Null(_target.Open());
        Write("third\n");
        Assert.Equal("first\nsecond\n", File.ReadAllText(moved));
        Assert.Equal("third\n", File.ReadAllText(LogFile));
    }

    [Fact]
    public void Directory_that_is_missing_is_a_problem_until_it_is_there()
    {
        using var target = new FileTarget(_directory.Combine("later/access.log"), () => _linesLost++);
        Assert.Equal("No such file or directory", target.Open());
        Assert.Equal(0, target.Write("a\n"u8, out string? problem));
        Assert.Equal("No such file or directory", problem);
        Directory.CreateDirectory(_directory.Combine("later"));
        Assert.Equal(2, target.Write("a\n"u8, out problem));
        Assert.Null(problem);
    }

    [Fact]
    public void Full_disk_is_a_problem()
    {
        Write("first\n");
        FullDisk.StrikeUnder(LogFile);
        Assert.Equal(0, _target.Write("second\n"u8, out string? problem));
        Assert.Equal("No space left on device", problem);
        Assert.Null(_target.Open());
        Write("third\n");
        Assert.Equal("first\nthird\n", File.ReadAllText(LogFile));
    }

    // What a disk that fills up inside a line leaves: the rest belongs into the same file, or nowhere.
    [Fact]
    public void Rest_of_a_line_does_not_begin_a_new_file()
    {
        Write("first\nsec");
        File.Delete(LogFile);
        Write("ond\nthird\n");
        Assert.Equal("third\n", File.ReadAllText(LogFile));
        Assert.Equal(1, _linesLost);
    }

    private void Write(string lines)
    {
        Assert.Equal(lines.Length, _target.Write(Wire.Bytes(lines), out string? problem));
        Assert.Null(problem);
    }
}
